"""The section about `bgjob`, from its Typer application."""

import enum
import re
from collections.abc import Iterator
from typing import Any, Final, get_args

import typer.main

from backgroundjob.cli.commands import app
from tests.reference_tool.markdown import one_line, pre, table

_WHERE: Final = "Where"
_MARKUP: Final = re.compile(r"\[/?bold\]|\\(?=\[)")
_PLAIN: Final = {bool: "", str: "TEXT", int: "NUMBER", float: "NUMBER"}


def render_commands() -> str:
    """Each command, those of groups too; the options that say where are listed once."""
    group: Any = typer.main.get_command(app)
    where = {
        option.opts[0]: option
        for _, command in _commands(group, "bgjob")
        for option in command.params
        if getattr(option, "rich_help_panel", None) == _WHERE
    }
    parts = [
        "Options of every command that asks a backend:",
        table(("option", "meaning"), [_row(option) for option in where.values()]),
        "Of every command: `-h`, `--help`.",
    ]
    for name, command in _commands(group, "bgjob"):
        parts += _command(name, command)
    return "\n\n".join(parts)


def _commands(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if type(one).__name__.endswith("Argument")]
    options = [
        one
        for one in command.params
        if one not in arguments
        and getattr(one, "rich_help_panel", None) != _WHERE
        and one.name != "help"
        and not one.hidden
    ]
    yield f"### {name}"
    used = " ".join(_usage(one) for one in arguments)
    yield f"`{name}{' ' + used if used else ''}{' [OPTIONS]' if options else ''}`"
    for paragraph in _MARKUP.sub("", command.help or "").split("\n\n"):
        if paragraph.strip() in ("Examples", "Example", ""):
            continue
        yield pre(paragraph, "console") if paragraph.startswith("$ ") else one_line(paragraph)
    rows = [_row(one) for one in (*arguments, *options) if one.help]
    if rows:
        yield table(("argument or option", "meaning"), rows)


def _usage(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    shown = name if argument.required or name.startswith("[") else f"[{name}]"
    return shown + ("…" if argument.nargs == -1 and "…" not in shown and "..." not in shown else "")


def _row(one: Any) -> tuple[str, str]:
    is_argument = type(one).__name__.endswith("Argument")
    names = one.metavar or one.name.upper() if is_argument else ", ".join(one.opts)
    value = "" if is_argument else _value(one)
    meaning = one_line(_MARKUP.sub("", one.help or ""))
    if one.envvar:
        meaning += f" Variable: `{one.envvar}`."
    if isinstance(one.default, (enum.Enum, int, str)) and not isinstance(one.default, bool) and one.default:
        shown = one.default.value if isinstance(one.default, enum.Enum) else one.default
        meaning += f" Default: `{shown}`."
    return f"`{names}{' ' + value if value else ''}`", meaning


def _value(option: Any) -> str:
    if option.metavar:
        return str(option.metavar)
    kind = option.type_descriptor.annotation
    kind = next((one for one in get_args(kind) if one is not type(None)), kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "|".join(str(member.value) for member in kind)
    return _PLAIN.get(kind, str(getattr(kind, "__name__", "VALUE")).upper())
