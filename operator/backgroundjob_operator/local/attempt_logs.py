"""Logs of one BackgroundJob, from the files of its attempts."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from backgroundjob.backends import Document
from backgroundjob.backends.error_lines import only_errors
from backgroundjob.errors import LogsUnavailable
from backgroundjob.finish import UNSEEN, is_finished
from backgroundjob_operator.local.state import StateDirectory

Get = Callable[[], Document]
Pause = Callable[[], None]


def read_logs(
    state: StateDirectory, get: Get, pause: Pause | None, *, attempt: int | None, errors: bool
) -> Iterator[str]:
    """Lines of the newest attempt, or of `attempt`; with a `pause`, all that follows until the job's end."""
    document = get()
    files = _files(state, document)
    if pause is None and (not files or (attempt is not None and attempt not in files)):
        raise unavailable(document, attempt, files)
    lines = _once(files, attempt) if pause is None else _followed(state, get, pause, attempt)
    return only_errors(lines) if errors else lines


def _once(files: dict[int, Path], attempt: int | None) -> Iterator[str]:
    with files[attempt or max(files)].open(encoding="utf-8", errors="replace") as file:
        for line in file:
            yield line.rstrip("\r\n")


def _followed(state: StateDirectory, get: Get, pause: Pause, attempt: int | None) -> Iterator[str]:
    shown = attempt
    position = 0
    while True:
        document = get()  # before the files: an attempt seen ended writes no further line
        files = _files(state, document)
        if shown is None and files:
            shown = max(files)
        if shown in files:
            data = _rest(files[shown], position)
            is_over = _is_over(document, shown)
            whole = data if is_over else data[: data.rfind(b"\n") + 1]
            position += len(whole)
            yield from whole.decode("utf-8", "replace").splitlines()
            later = [number for number in files if number > shown]
            if is_over and attempt is not None:
                return
            if is_over and later:
                shown, position = min(later), 0
                continue
        if is_finished(document):
            if shown not in files:
                raise unavailable(document, attempt, files)
            return
        pause()


def _files(state: StateDirectory, document: Document) -> dict[int, Path]:
    """Log files by the number of the attempt. The next one may have started unrecorded."""
    metadata = document["metadata"]
    ledger = (document.get("status") or {}).get("attempts") or ()
    last = max((int(one["number"]) for one in ledger), default=0)
    paths = {
        number: state.log_of(metadata["namespace"], metadata["name"], metadata["uid"], number)
        for number in range(1, last + 2)
    }
    return {number: path for number, path in paths.items() if path.exists()}


def _is_over(document: Document, number: int) -> bool:
    ledger = (document.get("status") or {}).get("attempts") or ()
    return any(one["number"] == number and "outcome" in one for one in ledger) or is_finished(document)


def _rest(path: Path, position: int) -> bytes:
    with path.open("rb") as file:
        file.seek(position)
        return file.read()


def unavailable(document: Document, attempt: int | None, files: Collection[int]) -> LogsUnavailable:
    """The error that says which attempts have a log."""
    metadata, status = document["metadata"], document.get("status") or {}
    if files:
        problem = f"attempt {attempt} has no log; attempts with one: {', '.join(map(str, sorted(files)))}"
    else:
        state, reason = status.get("state") or UNSEEN, status.get("reason") or "no reason yet"
        problem = f"it is {state} ({reason}), and no attempt has a log"
    return LogsUnavailable(metadata["namespace"], metadata["name"], problem)
