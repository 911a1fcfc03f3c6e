"""An engine in the foreground, one line per transition, until Ctrl+C or SIGTERM."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer
import yaml

from backgroundjob.api.explain import explain
from backgroundjob.cli.output import state_text
from backgroundjob.errors import BackendUnavailable
from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.local.engine import LocalEngine
from backgroundjob_operator.local.settings_text import module_names
from backgroundjob_operator.local.state import LocalOptions
from backgroundjob_operator.runtime import config


def run(options: LocalOptions, modules: Sequence[str] = ()) -> None:
    """Run it until it is told to stop; the settings file is to name these modules."""
    if modules:
        _name_modules(options.settings_file, modules)
    logging.basicConfig(format="%(asctime)s  %(message)s", datefmt="%H:%M:%S", level=logging.WARNING)
    asyncio.run(_serve(options))


def _name_modules(settings_file: Path, modules: Sequence[str]) -> None:
    """See to it that the settings file names the modules. Raises BadParameter, BackendUnavailable."""
    odd = next((one for one in modules if not all(part.isidentifier() for part in one.split("."))), None)
    if odd is not None:
        meant = odd.removesuffix(".py").replace("/", ".")
        raise typer.BadParameter(f"{odd} is no name of a module; for the file {odd} it is: {meant}")
    line = f"modules: [{', '.join(modules)}]"
    if not settings_file.exists():
        about = "# Methods that may run here: those of the typed jobs in these modules."
        try:
            with settings_file.open("x", encoding="utf-8") as file:
                file.write(f"{about}\n{line}\n")
        except OSError as error:
            problem = f"{settings_file} cannot be created: {error.strerror}"
            raise BackendUnavailable("local", problem, "name another one with --settings") from error
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


def _greeting(options: LocalOptions, engine: LocalEngine) -> str:
    settings = engine.settings
    methods = len(settings.allow_list.entries) if settings.allow_list else 0
    concurrency = settings.config.limits.concurrency
    return (
        f"Allowed methods: {methods} ({options.settings_file}); at once: {concurrency}\n"
        f"Jobs and logs: {options.state_directory}\n"
        "Submit with bgjob run --local CLASS.METHOD; Ctrl+C stops."
    )


def _print_transition(document: Document) -> None:
    metadata, spec, status = document["metadata"], document["spec"], document["status"]
    typer.echo(
        f"{datetime.now(UTC).astimezone():%H:%M:%S}  {state_text(status['state'], 9)}  "
        f"{metadata['namespace']}/{metadata['name']}  {spec['class']}.{spec['method']}  "
        f"{status.get('attemptSummary', '-')}  {status['reason']}  {status.get('message', '')}".rstrip()
    )
