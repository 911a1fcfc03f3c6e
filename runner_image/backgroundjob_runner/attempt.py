"""The process of one attempt: run the method, write the receipt, leave.

What the method does decides the receipt, and only this module writes it: once, last, and only in the
process that read the invocation. os._exit(0) by user code leaves none, and the operator says so.
"""

from __future__ import annotations

import _thread
import atexit
import os
import sys
import time

from backgroundjob_runner import contract, receipts
from backgroundjob_runner.contract import Invocation, Receipt
from backgroundjob_runner.execution import Execution
from backgroundjob_runner.guard import Guard
from backgroundjob_runner.joblog import JobLog, flush, stdout_writer
from backgroundjob_runner.redaction import Redactor, read_secret_param

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from typing import NoReturn


class Attempt:
    """The one attempt of this process."""

    def __init__(self, invocation: Invocation, receipt: Receipt | None = None) -> None:
        self.receipt = receipt
        """What will be written; None until the end is known."""
        redactor = Redactor()
        as_json = os.environ.get(contract.LOG_FORMAT_VARIABLE) == "json"
        self.log = JobLog(invocation, redactor, as_json, stdout_writer())
        self.guard = Guard(invocation.timeout_seconds, invocation.grace_period_seconds, self.last_words)
        self.execution = Execution(
            invocation, log=self.log, redactor=redactor, stop=self.guard, read_secret=_read_secret
        )
        self._process = os.getpid()
        self._end = _thread.allocate_lock()

    def run(self) -> NoReturn:
        """Run the method unless the receipt is there already, write the receipt, leave."""
        try:
            self.guard.start()
            self.receipt = self.receipt or self.execution.run()
            self.guard.close()
        except BaseException as error:  # noqa: BLE001  the signal came while the receipt was made
            self.guard.close()
            self.receipt = self.execution.failure(error)
        if os.getpid() != self._process:
            # A child that user code forked came back here: the receipt is its parent's to write.
            flush(sys.stdout)
            flush(sys.stderr)
            os._exit(receipts.exit_code(self.receipt))
        atexit._run_exitfuncs()  # noqa: SLF001  os._exit skips them, and error trackers send from there
        flush(sys.stdout)
        flush(sys.stderr)
        self.last_words()
        while True:  # the guard's thread was faster and is about to leave
            time.sleep(60)

    def last_words(self) -> None:
        """Log the end, write the receipt, leave. For the first caller only: main thread or guard."""
        receipt = receipts.fit(self.receipt or self.execution.stopped())
        if not self._end.acquire(blocking=False):
            return
        self.execution.tell(receipt)
        path = contract.place(contract.RECEIPT_PATH_VARIABLE, contract.RECEIPT_PATH)
        try:
            receipts.write(path, receipt)
        except OSError as error:
            self.log.line("LOG", f"the receipt cannot be written to {path}: {error.strerror}")
        # Not sys.exit: a thread that user code left behind would hold the process for ever.
        os._exit(receipts.exit_code(receipt))


def _read_secret(name: str) -> str:
    folder = contract.place(contract.SECRET_PARAMS_PATH_VARIABLE, contract.SECRET_PARAMS_PATH)
    return read_secret_param(folder, name)
