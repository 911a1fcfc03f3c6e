"""The runner's own log lines, text or JSON, without the logging module.

    2026-03-01T12:00:00.000Z FAILED attempt 1 InvoiceJob.create job=shop/bill params={} - OSError: busy

User code's own output goes to stdout and stderr as it is: nothing is captured or buffered.
"""

from __future__ import annotations

import _thread
import json
import os
import sys
import time

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from backgroundjob_runner.contract import Invocation
    from backgroundjob_runner.redaction import Redactor

_ERROR_STAGES = ("FAILED", "TIMEOUT", "TERMINATED")


class JobLog:
    """Writes one line per stage. A log that cannot be written never fails the job."""

    def __init__(
        self, invocation: Invocation, redactor: Redactor, as_json: bool, write: Callable[[bytes], None]
    ) -> None:
        self._invocation = invocation
        self._redactor = redactor
        self._as_json = as_json
        self._write = write
        self._loggable = {k: v for k, v in invocation.params.items() if k in invocation.loggable}

    def line(self, stage: str, message: str = "", traceback: str = "") -> None:
        """One line of a stage: RUNNING, ATTEMPT, LOG, SUCCEEDED, FAILED, RETRY LATER, TIMEOUT, TERMINATED."""
        message, traceback = self._redactor.text(message), self._redactor.text(traceback)
        text = (self._json if self._as_json else self._text)(stage, message, traceback)
        self._write(text.encode("utf-8", "backslashreplace") + b"\n")

    def job_line(self, message: str) -> None:
        """A line from inside the job."""
        self.line("LOG", str(message))

    def _json(self, stage: str, message: str, traceback: str) -> str:
        invocation = self._invocation
        document: dict[str, Any] = {
            "time": _timestamp(),
            "level": "error" if stage in _ERROR_STAGES else "info",
            "stage": stage,
            "class": invocation.class_name,
            "method": invocation.method,
            "job": f"{invocation.namespace}/{invocation.name}",
            "attempt": invocation.attempt,
            "maxAttempts": invocation.max_attempts,
            "params": self._redactor.json(self._loggable),
        }
        if message:
            document["message"] = message
        if traceback:
            document["traceback"] = traceback
        return json.dumps(document, separators=(",", ":"))

    def _text(self, stage: str, message: str, traceback: str) -> str:
        invocation = self._invocation
        if stage == "ATTEMPT":
            stage = f"ATTEMPT {invocation.attempt} of {invocation.max_attempts}"
        elif stage not in ("RUNNING", "LOG", "SUCCEEDED"):
            stage = f"{stage} attempt {invocation.attempt}"
        params = json.dumps(self._redactor.json(self._loggable), separators=(",", ":"), ensure_ascii=False)
        head = f"{_timestamp()} {stage} {invocation.class_name}.{invocation.method}"
        line = f"{head} job={invocation.namespace}/{invocation.name} params={params}"
        if message:
            line += f" - {message}"
        line = _printable(line)
        return line + "".join(f"\n    {_printable(row)}" for row in traceback.splitlines())


def stdout_writer() -> Callable[[bytes], None]:
    """Writes to the process's stdout as it is now, whatever user code does to `sys.stdout` later."""
    try:
        descriptor = os.dup(1)
    except OSError:
        return lambda _data: None

    main_thread = _thread.get_ident()

    def write(data: bytes) -> None:
        if _thread.get_ident() == main_thread:  # another thread could wait for ever for the stream's lock
            flush(sys.stdout)
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        except OSError:  # a reader that has gone away, or a full disk
            return

    return write


def flush(stream: Any) -> None:
    """Flush, whatever user code has put in the place of the stream."""
    try:  # noqa: SIM105  contextlib would have to be imported
        stream.flush()
    except Exception:  # noqa: BLE001, S110  a replaced or closed stream can raise anything
        pass


def _timestamp() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"


def _printable(text: str) -> str:
    """The text on one line: a message cannot forge a further line or move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
