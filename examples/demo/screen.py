"""What the demo shows: a table as kubectl prints it, live in a terminal, lines elsewhere."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from backgroundjob import Handle
from backgroundjob.durations import human

_COLOURS: Final = {
    "Waiting": "dim",
    "Queued": "blue",
    "Running": "cyan",
    "Retrying": "yellow",
    "Succeeded": "green",
    "Failed": "red",
    "Rejected": "red",
}
_WIDTH_ELSEWHERE: Final = 110
"""Of a file or a pipe, where rich assumes 80."""


def make_console() -> Console:
    """The console; wide enough for the table where there is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH_ELSEWHERE)


def table(handles: Iterable[Handle[Any]], now: datetime) -> Table:
    """The state of all jobs, in 80 columns."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in ("NAME", "METHOD", "STATE", "ATTEMPTS", "PRIO", "NEXT", "REASON"):
        drawn.add_column(header, no_wrap=True)
    for handle in handles:
        drawn.add_row(*_row(handle, now))
    return drawn


def state_text(state: str) -> Text:
    """A state in its colour."""
    return Text(state, style=_COLOURS.get(state, ""))


def line(document: Mapping[str, Any]) -> str:
    """A transition where no table can be drawn again."""
    status = document["status"]
    attempts = status.get("attemptSummary", "-")
    time = datetime.now(UTC).strftime("%H:%M:%S")
    head = f"{time}  {document['metadata']['name']:<7}  {status['state']:<9}  {attempts:<5}"
    return f"{head}  {status['reason']}  {status.get('message', '')}".rstrip()


def _row(handle: Handle[Any], now: datetime) -> tuple[str | Text, ...]:
    spec, status = handle.document["spec"], handle.document.get("status") or {}
    priority = status.get("priority")
    return (
        handle.name,
        f"{spec['class']}.{spec['method']}",
        state_text(handle.state or "-"),
        str(status.get("attemptSummary", "-")),
        "-" if priority is None else str(priority),
        _next_retry(status.get("nextRetryTime"), now),
        handle.reason or "-",
    )


def _next_retry(text: str | None, now: datetime) -> str:
    if text is None:
        return "-"
    left = math.ceil((datetime.fromisoformat(text) - now).total_seconds())
    return f"in {human(left)}" if left > 0 else "now"
