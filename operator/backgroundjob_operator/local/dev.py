"""`bgjob dev`: the local engine in the foreground.

`bgjob --help` loads this module for one line: the engine, which takes seconds, is imported when it runs.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from backgroundjob_operator.local.state import LocalOptions


def dev(
    modules: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODULE]...",
            help="Modules with typed jobs, such as jobs for jobs.py: what their code says is allowed.",
            show_default=False,
        ),
    ] = None,
    *,
    settings: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            envvar="BACKGROUNDJOB_ALLOW_LIST_FILE",
            help="Allow-list and configuration; left out, backgroundjob.yaml. Reloaded when it changes.",
        ),
    ] = None,
    state_dir: Annotated[
        Path | None,
        typer.Option(
            "--state-dir",
            metavar="DIR",
            envvar="BACKGROUNDJOB_STATE_DIR",
            help="Jobs and logs; left out, .backgroundjob.",
        ),
    ] = None,
) -> None:
    """Run jobs on this machine until Ctrl+C, one line per transition.

    Code that changes is used by the next attempt; the settings file and the modules are read again.
    With MODULE and without a settings file, backgroundjob.yaml is created and names the modules.

    [bold]Examples[/bold]

    $ bgjob dev jobs
    $ bgjob run --local EmailJob.send to=a@example.org   (in another terminal)

    Ctrl+C stops running attempts too; the next engine tries them again, at nobody's cost.
    """
    options = LocalOptions.from_environment()
    if settings is not None:
        options = replace(options, settings_file=settings.absolute())
    if state_dir is not None:
        options = replace(options, state_directory=state_dir.absolute())
    from backgroundjob_operator.local.foreground import run  # noqa: PLC0415  see above

    run(options, modules or ())
