"""One attempt in the caller's thread: the runner's own execution, with what a process has replaced."""

import os
import sys
import time
from bdb import BdbQuit
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, Final

from backgroundjob_runner import contract, receipts
from backgroundjob_runner.context import set_current_job
from backgroundjob_runner.contract import Invocation, Receipt, ReceiptOutcome
from backgroundjob_runner.execution import Execution
from backgroundjob_runner.joblog import JobLog
from backgroundjob_runner.redaction import Redactor
from backgroundjob_runner.stopping import Stop

INTERRUPTIONS: Final = (KeyboardInterrupt, BdbQuit)
"""The user's own Ctrl+C, and `quit` at a breakpoint: they end what the user called, not the job."""


class AttemptLog:
    """What one attempt printed and what the runner said of it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Add to it."""
        self._parts.append(data)

    @property
    def lines(self) -> list[str]:
        """All lines so far."""
        return b"".join(self._parts).decode("utf-8", "replace").splitlines()


class _Tee:
    """A stream that also goes into the log."""

    def __init__(self, stream: Any, log: AttemptLog) -> None:
        self._stream = stream
        self._log = log

    def write(self, text: str) -> int:
        self._log.write(text.encode("utf-8", "backslashreplace"))
        if self._stream is not None:
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        if self._stream is not None:
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Elapsed(Stop):
    """Says that the time is over once it is. Nothing is interrupted: the caller's thread is not ours."""

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__()
        self._end = time.monotonic() + timeout_seconds

    @property
    def stopped_by(self) -> ReceiptOutcome | None:
        return ReceiptOutcome.TIMEOUT if time.monotonic() >= self._end else None


class _Execution(Execution):
    passing = INTERRUPTIONS


def run_attempt(
    invocation: Invocation,
    secrets: Mapping[str, bytes],
    provided: Mapping[type, object],
    log: AttemptLog,
) -> Receipt:
    """Run the method here and now. Raises INTERRUPTIONS, and nothing else that the method raises."""
    redactor = Redactor()
    as_json = os.environ.get(contract.LOG_FORMAT_VARIABLE) == "json"
    execution = _Execution(
        invocation,
        log=JobLog(invocation, redactor, as_json, log.write),
        redactor=redactor,
        stop=_Elapsed(invocation.timeout_seconds),
        read_secret=lambda name: secrets[name].decode("utf-8"),
        provided=provided,
    )
    before = set_current_job(None)
    try:
        with redirect_stdout(_Tee(sys.stdout, log)), redirect_stderr(_Tee(sys.stderr, log)):
            receipt = receipts.fit(execution.run())
    finally:
        set_current_job(before)
    execution.tell(receipt)
    return receipt
