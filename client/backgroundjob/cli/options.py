"""Options that several commands share, as types."""

from typing import Annotated

import typer

from backgroundjob.backends import Backend, select_backend
from backgroundjob.cli.output import Output

_WHERE = "Where"

NamespaceOption = Annotated[
    str | None,
    typer.Option(
        "--namespace", "-n", help="Namespace; left out, the one of the context.", rich_help_panel=_WHERE
    ),
]
BackendOption = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NAME",
        envvar="BACKGROUNDJOB_BACKEND",
        help="cluster or local; left out, the cluster where there is a kubeconfig.",
        rich_help_panel=_WHERE,
    ),
]
LocalOption = Annotated[
    bool, typer.Option("--local", help="Use this machine: short for --backend local.", rich_help_panel=_WHERE)
]
ContextOption = Annotated[
    str | None,
    typer.Option("--context", help="Context of the kubeconfig.", rich_help_panel=_WHERE),
]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Form of the output.")]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the BackgroundJob.", show_default=False)
]


def choose_backend(backend: str | None, local: bool, context: str | None) -> Backend:
    """The backend that these options ask for. Raises BadParameter where they contradict each other."""
    if local and context is not None:
        raise typer.BadParameter("--local and --context exclude each other")
    return select_backend("local" if local else backend, context=context)
