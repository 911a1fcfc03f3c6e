"""`bgjob dev`: the local engine in the foreground.

`bgjob --help` loads this module for one line: the engine, which takes seconds, is imported when it runs.
"""

import asyncio
import contextlib
import logging
import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backgroundjob.cli.output import state_text
from backgroundjob.errors import BackendUnavailable
from backgroundjob_operator.local.state import LocalOptions

if TYPE_CHECKING:
    from backgroundjob_operator.cluster.port import Document
    from backgroundjob_operator.local.engine import LocalEngine


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
    if modules:
        _name_modules(options.settings_file, modules)
    logging.basicConfig(format="%(asctime)s  %(message)s", datefmt="%H:%M:%S", level=logging.WARNING)
    asyncio.run(_serve(options))


def _name_modules(settings_file: Path, modules: list[str]) -> None:
    """See to it that the settings file names the modules. Raises BadParameter, BackendUnavailable."""
    import yaml  # noqa: PLC0415  see above

    from backgroundjob.api.explain import explain  # noqa: PLC0415  see above
    from backgroundjob_operator.local.settings import module_names  # noqa: PLC0415  see above

    line = f"modules: [{', '.join(modules)}]"
    if not settings_file.exists():
        settings_file.write_text(
            f"# Methods that may run here: those of the typed jobs in these modules.\n{line}\n"
        )
        typer.echo(f"Created {settings_file} with {line}")
        return
    try:
        named = module_names(settings_file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BackendUnavailable("local", f"{settings_file}: {explain(error)}", "correct the file") from error
    missing = [module for module in modules if module not in named]
    if missing:
        both = ", ".join([*named, *missing])
        raise typer.BadParameter(
            f"{settings_file} does not name {', '.join(missing)}; write there: modules: [{both}]"
        )


async def _serve(options: LocalOptions) -> None:
    from backgroundjob_operator.local.engine import LocalEngine  # noqa: PLC0415  see above
    from backgroundjob_operator.runtime import config  # noqa: PLC0415  see above

    task = asyncio.current_task()
    if task is not None:
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl+C alone
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with LocalEngine(options, on_transition=_print_transition) as engine:
        typer.echo(_greeting(options, engine))
        logging.getLogger(config.__name__).setLevel(logging.INFO)  # changes of the settings, from here on
        try:
            await engine.run()
        except asyncio.CancelledError:
            stopped = await engine.stop_attempts()
            typer.echo(f"Stopped. Running attempts that were ended, to be tried again: {stopped}")


def _greeting(options: LocalOptions, engine: "LocalEngine") -> str:
    settings = engine.settings
    methods = len(settings.allow_list.entries) if settings.allow_list else 0
    concurrency = settings.config.limits.concurrency
    return (
        f"Allowed methods: {methods} ({options.settings_file}); at once: {concurrency}\n"
        f"Jobs and logs: {options.state_directory}\n"
        "Submit with bgjob run --local CLASS.METHOD; Ctrl+C stops."
    )


def _print_transition(document: "Document") -> None:
    metadata, spec, status = document["metadata"], document["spec"], document["status"]
    typer.echo(
        f"{datetime.now(UTC).astimezone():%H:%M:%S}  {state_text(status['state'], 9)}  "
        f"{metadata['namespace']}/{metadata['name']}  {spec['class']}.{spec['method']}  "
        f"{status.get('attemptSummary', '-')}  {status['reason']}  {status.get('message', '')}".rstrip()
    )
