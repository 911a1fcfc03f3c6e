"""`bgjob list --watch`: on a terminal one table that changes, elsewhere a line for each change."""

import json
import queue
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import typer

from backgroundjob.api.reasons import State
from backgroundjob.backends import Backend, Change, Document
from backgroundjob.cli.output import Output, resource_name, table

_REFRESH_SECONDS: Final = 1.0
"""Ages and times of the next retry move without any change."""
_LINES_AROUND: Final = 3


class Watched:
    """The jobs that are shown, as last told."""

    def __init__(self, states: Collection[State] | None) -> None:
        self._states = states
        self._documents: dict[str, Document] = {}

    def take(self, change: Change) -> bool:
        """Take in a change; whether it is about a job that is, or was, shown."""
        uid = change.document["metadata"]["uid"]
        state = (change.document.get("status") or {}).get("state")
        if change.type == "DELETED" or (self._states and state not in self._states):
            return self._documents.pop(uid, None) is not None
        self._documents[uid] = change.document
        return True

    def newest(self, count: int) -> tuple[list[Document], int]:
        """The newest ones, oldest first, and how many are left out."""
        ordered = sorted(self._documents.values(), key=_age)
        left_out = max(len(ordered) - max(count, 1), 0)
        return ordered[left_out:], left_out


def watch(
    backend: Backend,
    place: str | None,
    states: Collection[State] | None,
    output: Output,
    *,
    with_namespace: bool,
) -> None:
    """Show until Ctrl+C, or until the backend tells no more."""
    changes = backend.changes(place)
    as_table = output in {Output.TABLE, Output.WIDE}
    wide = output is Output.WIDE
    try:
        if as_table and sys.stdout.isatty():
            _live(changes, Watched(states), lambda found, now: _rows(found, now, wide, with_namespace))
        else:
            for line in lines(changes, Watched(states), output, with_namespace=with_namespace):
                typer.echo(line)
    except KeyboardInterrupt:
        raise typer.Exit from None


def lines(
    changes: Iterable[Change], watched: Watched, output: Output, *, with_namespace: bool = False
) -> Iterator[str]:
    """A line for each change: a row, a JSON document, or a name."""
    widths: list[int] = []
    for change in changes:
        if not watched.take(change):
            continue
        document = change.document
        if output is Output.NAME:
            yield resource_name(document)
        elif output in {Output.JSON, Output.YAML}:
            yield json.dumps({"type": change.type, "object": document}, ensure_ascii=False)
        else:
            is_first, wide = not widths, output is Output.WIDE
            header, row = _rows([document], datetime.now(UTC), wide, with_namespace, widths)
            if is_first:
                yield header
            yield row + ("   (deleted)" if change.type == "DELETED" else "")


def _rows(
    documents: list[Document],
    now: datetime,
    wide: bool,
    with_namespace: bool,
    widths: list[int] | None = None,
) -> list[str]:
    return table(documents, wide=wide, now=now, with_namespace=with_namespace, widths=widths).splitlines()


def _live(
    changes: Iterable[Change], watched: Watched, rows: Callable[[list[Document], datetime], list[str]]
) -> None:
    from rich.console import Console  # noqa: PLC0415  for a terminal alone
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    told: queue.Queue[Change | Exception | None] = queue.Queue()
    threading.Thread(target=_relay, args=(changes, told), name="backgroundjob-watch", daemon=True).start()
    console = Console()
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            for change in _soon(told):
                if change is None:
                    return
                watched.take(change)
            found, left_out = watched.newest(console.size.height - _LINES_AROUND)
            shown = rows(found, datetime.now(UTC)) if found else ["No jobs yet."]
            more = [f"and {left_out} older ones"] if left_out else []
            live.update(Text.from_ansi("\n".join([*shown, *more]), no_wrap=True), refresh=True)


def _relay(changes: Iterable[Change], told: "queue.Queue[Change | Exception | None]") -> None:
    try:
        for change in changes:
            told.put(change)
        told.put(None)
    except Exception as error:  # noqa: BLE001  it is raised in the thread that shows
        told.put(error)


def _soon(told: "queue.Queue[Change | Exception | None]") -> Iterator[Change | None]:
    """What has come, or comes within a second; raises what ended the changes."""
    timeout = _REFRESH_SECONDS
    try:
        while True:
            what = told.get(timeout=timeout)
            if isinstance(what, Exception):
                raise what
            yield what
            timeout = 0.02
    except queue.Empty:
        return


def _age(document: Mapping[str, Any]) -> tuple[str, str]:
    metadata = document["metadata"]
    return str(metadata.get("creationTimestamp") or ""), str(metadata["name"])
