"""The command group: commands of other distributions, and errors as one red line."""

from typing import Any

import typer
from typer.core import TyperGroup

from backgroundjob import plugins
from backgroundjob.cli.exit_codes import of_error
from backgroundjob.cli.output import print_error
from backgroundjob.errors import BackgroundJobError, NotInstalled


class Group(TyperGroup):
    """Adds the entry points of `backgroundjob.commands` and turns library errors into exit codes."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Own commands in order of definition, then those of other parts."""
        own = super().list_commands(ctx)
        return [*own, *sorted(name for name in plugins.installed(plugins.COMMANDS) if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Own command or plugged one; a plugged one that cannot be loaded says what to install."""
        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in plugins.installed(plugins.COMMANDS):
            return own
        return _plugged(cmd_name)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; no traceback for what is not a defect."""
        try:
            return super().invoke(ctx)
        except BackgroundJobError as error:
            print_error(error.message, error.next_step)
            raise typer.Exit(of_error(error)) from error


def _plugged(name: str) -> Any:
    """The command of an entry point: a Typer app, a ready command, or a plain function."""
    try:
        found = plugins.load(plugins.COMMANDS, name, f"the command 'bgjob {name}'")
    except NotInstalled as error:
        return _missing(name, error)
    if isinstance(found, typer.Typer):
        command = typer.main.get_command(found)
        command.name = name
        return command
    if hasattr(found, "make_context"):
        return found
    return _command(name, found)


def _missing(name: str, error: NotInstalled) -> Any:
    def refuse() -> None:
        raise error

    # Escaped: the help is rich markup, where `[local]` would be a style.
    refuse.__doc__ = f"Not installed: {error.next_step}".replace("[", "\\[")
    command = _command(name, refuse)
    command.ignore_unknown_options = True
    command.allow_extra_args = True
    return command


def _command(name: str, function: Any) -> Any:
    app = typer.Typer(add_completion=False)
    app.command(name)(function)
    return typer.main.get_command(app)
