"""Arguments and options that several commands share, as types."""

from typing import Annotated

import typer

from backgroundjob.cli.completion import job_names
from backgroundjob.cli.output import Output

OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Form of the output.")]
NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Name of the BackgroundJob.", show_default=False, autocompletion=job_names
    ),
]
TIME_FORMATS = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S"]
DURATION = "DURATION"
