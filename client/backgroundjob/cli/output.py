"""What the commands print: tables as kubectl prints them, documents, and errors as one red line."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import typer

from backgroundjob.api.labels import GROUP, SINGULAR
from backgroundjob.api.reasons import State
from backgroundjob.backends import Document
from backgroundjob.durations import human, parsed_time


class Output(StrEnum):
    """Forms of `-o`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


_COLOURS: Final[Mapping[str, str]] = {
    State.RUNNING: typer.colors.CYAN,
    State.RETRYING: typer.colors.YELLOW,
    State.SUCCEEDED: typer.colors.GREEN,
    State.FAILED: typer.colors.RED,
    State.REJECTED: typer.colors.RED,
    State.CANCELLED: typer.colors.MAGENTA,
}
_NOTHING: Final = "-"


def print_error(message: str, next_step: str = "") -> None:
    """One red line, and the next step below it."""
    typer.echo(coloured("Error: ", typer.colors.RED, sys.stderr) + one_line(message), err=True)
    if next_step:
        typer.echo(f"  {one_line(next_step)}", err=True)


def coloured(text: str, colour: str | None, stream: Any = None) -> str:
    """The text in a colour, where the stream is a terminal and NO_COLOR is not set."""
    if colour is None or os.environ.get("NO_COLOR") or not (stream or sys.stdout).isatty():
        return text
    return typer.style(text, fg=colour, bold=True)


def state_text(state: str, width: int = 0) -> str:
    """A state in its colour, padded."""
    return coloured(state.ljust(width), _COLOURS.get(state))


def resource_name(document: Document) -> str:
    """As `kubectl -o name` prints it."""
    return f"{SINGULAR}.{GROUP}/{document['metadata']['name']}"


def print_documents(
    documents: Sequence[Document], output: Output, *, now: datetime, with_namespace: bool = False
) -> None:
    """Several objects: one `List` document, names, or a table."""
    if output in {Output.JSON, Output.YAML}:
        print_document({"apiVersion": "v1", "kind": "List", "items": list(documents)}, output)
    elif output is Output.NAME:
        for document in documents:
            typer.echo(resource_name(document))
    else:
        typer.echo(table(documents, wide=output is Output.WIDE, now=now, with_namespace=with_namespace))


def print_document(document: Mapping[str, Any], output: Output) -> None:
    """One document as YAML, or as JSON."""
    if output is Output.YAML:
        import yaml  # noqa: PLC0415  most calls print none

        typer.echo(yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True), nl=False)
    else:
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def table(
    documents: Iterable[Document],
    *,
    wide: bool,
    now: datetime,
    with_namespace: bool = False,
    widths: list[int] | None = None,
) -> str:
    """The columns of the CRD, Age and Next-Retry relative to `now`.

    `widths` are the least ones, and grow: for a table that is printed a row at a time.
    """
    columns = (_NAMESPACE if with_namespace else ()) + _COLUMNS + (_WIDE if wide else ())
    headers = [header for header, _ in columns]
    rows = [[one_line(cell(document, now) or _NOTHING) for _, cell in columns] for document in documents]
    needed = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    if widths is None:
        widths = needed
    else:
        widths[:] = [max(pair) for pair in zip(widths or needed, needed, strict=True)]
    lines = ["   ".join(header.ljust(width) for header, width in zip(headers, widths, strict=True)).rstrip()]
    for row in rows:
        cells = [
            state_text(text, width) if header == "STATE" else text.ljust(width)
            for header, text, width in zip(headers, row, widths, strict=True)
        ]
        lines.append("   ".join(cells).rstrip())
    return "\n".join(lines)


Cell = Callable[[Document, datetime], str]


def _metadata(field: str) -> Cell:
    return lambda document, _: str(document["metadata"].get(field) or "")


def _spec(field: str) -> Cell:
    return lambda document, _: str(document.get("spec", {}).get(field) or "")


def _status(field: str) -> Cell:
    def cell(document: Document, _: datetime) -> str:
        value = (document.get("status") or {}).get(field)
        return "" if value is None else str(value)

    return cell


def _age(document: Document, now: datetime) -> str:
    created = parsed_time(document["metadata"].get("creationTimestamp"))
    return human((now - created).total_seconds()) if created else ""


def _next_retry(document: Document, now: datetime) -> str:
    due = parsed_time((document.get("status") or {}).get("nextRetryTime"))
    if due is None:
        return ""
    left = (due - now).total_seconds()
    return f"in {human(left)}" if left > 0 else "now"


def _duration(document: Document, now: datetime) -> str:
    status = document.get("status") or {}
    started = parsed_time(status.get("startTime"))
    if status.get("duration") or started is None:
        return str(status.get("duration") or "")
    return human(((parsed_time(status.get("completionTime")) or now) - started).total_seconds())


def one_line(text: str, *, strip: bool = True) -> str:
    """Without line ends and control characters: what a pod's owner wrote moves no cursor here."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown.strip() if strip else shown


def columns(headers: Sequence[str], rows: Sequence[Sequence[str]], *, indent: str = "") -> Iterator[str]:
    """Lines of a table; what is empty is a hyphen."""
    cells = [headers, *([one_line(cell) or _NOTHING for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield (
            indent + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        ).rstrip()


_NAMESPACE: Final[tuple[tuple[str, Cell], ...]] = (("NAMESPACE", _metadata("namespace")),)
_COLUMNS: Final[tuple[tuple[str, Cell], ...]] = (
    ("NAME", _metadata("name")),
    ("CLASS", _spec("class")),
    ("METHOD", _spec("method")),
    ("STATE", _status("state")),
    ("ATTEMPTS", _status("attemptSummary")),
    ("PRIORITY", _status("priority")),
    ("NEXT-RETRY", _next_retry),
    ("AGE", _age),
)
_WIDE: Final[tuple[tuple[str, Cell], ...]] = (
    ("REASON", _status("reason")),
    ("QUEUE", _status("queue")),
    ("DURATION", _duration),
    ("JOB", _status("jobName")),
)
