"""Parameters as they are typed on a command line: `key=text`, `key:=json`, `--params JSON|@file|-`."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

_PAIR = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:=|=)(.*)", re.DOTALL)


def split_target(target: str) -> tuple[str, str]:
    """`shop.EmailJob.send` -> `shop.EmailJob`, `send`. Raises BadParameter."""
    class_, _, method = target.rpartition(".")
    if not class_ or not method:
        raise typer.BadParameter(f"{target!r} has no method; give CLASS.METHOD, such as EmailJob.send")
    return class_, method


def parse_params(pairs: Sequence[str], params: str | None) -> dict[str, Any] | list[Any]:
    """The parameters of both forms together; a list holds positional ones. Raises BadParameter."""
    base = _json("--params", _text(params)) if params is not None else {}
    if not isinstance(base, (dict, list)):
        raise typer.BadParameter("--params needs a JSON object, or a list of positional values")
    if isinstance(base, list):
        if pairs:
            raise typer.BadParameter("positional values in --params and key=value exclude each other")
        return base
    for pair in pairs:
        key, value = _parse_pair(pair)
        if key in base:
            raise typer.BadParameter(f"parameter {key} is given twice")
        base[key] = value
    return base


def parse_secret_params(pairs: Sequence[str]) -> dict[str, str]:
    """`password=mail/smtp-password` -> parameter, Secret and key. Raises BadParameter."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, _, where = pair.partition("=")
        if not name or "/" not in where:
            raise typer.BadParameter(
                f"--params-from {pair!r:.80} is not KEY=SECRET/KEY, such as token=mail/api-token"
            )
        if name in found:
            raise typer.BadParameter(f"parameter {name} is given twice")
        found[name] = where
    return found


def _parse_pair(pair: str) -> tuple[str, Any]:
    match = _PAIR.fullmatch(pair)
    if match is None:
        raise typer.BadParameter(f"{pair!r:.80} is neither key=text nor key:=json")
    key, operator, text = match.groups()
    return key, text if operator == "=" else _json(f"{key}:=", text)


def _text(argument: str) -> str:
    if argument == "-":
        return sys.stdin.read()
    if not argument.startswith("@"):
        return argument
    try:
        return Path(argument[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--params {argument}: {error}") from error


def _json(what: str, text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise typer.BadParameter(f"{what} is nested too deep") from error
    except ValueError as error:
        raise typer.BadParameter(f"{what} is not JSON: {error}") from error
