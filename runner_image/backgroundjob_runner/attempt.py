"""One attempt: run the method, write the receipt, leave.

What the method does decides the receipt, and only this module writes it: once, last, and only in the
process that read the invocation. os._exit(0) by user code leaves none, and the operator says so.
"""

from __future__ import annotations

import _thread
import atexit
import math
import os
import sys
import time
from types import CoroutineType

from backgroundjob_runner import contract, receipts
from backgroundjob_runner.context import CurrentJob, set_current_job
from backgroundjob_runner.contract import (
    ExceptionDigest,
    FailureKind,
    Fatal,
    Invocation,
    Receipt,
    ReceiptOutcome,
    RetryLater,
)
from backgroundjob_runner.digest import digest, format_error, safe_text, timeout_digest
from backgroundjob_runner.guard import AttemptStopped, Guard
from backgroundjob_runner.joblog import JobLog, flush, stdout_writer
from backgroundjob_runner.redaction import Redactor, read_secret_param
from backgroundjob_runner.target import NotLoadable, load

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from typing import Any, NoReturn

_STAGES = {
    ReceiptOutcome.SUCCEEDED: "SUCCEEDED",
    ReceiptOutcome.FAILED: "FAILED",
    ReceiptOutcome.RETRY_LATER: "RETRY LATER",
    ReceiptOutcome.TIMEOUT: "TIMEOUT",
    ReceiptOutcome.TERMINATED: "TERMINATED",
}


class Attempt:
    """The one attempt of this process."""

    def __init__(self, invocation: Invocation, receipt: Receipt | None = None) -> None:
        self.invocation = invocation
        self.receipt = receipt
        """What will be written; None until the end is known."""
        self.redactor = Redactor()
        as_json = os.environ.get(contract.LOG_FORMAT_VARIABLE) == "json"
        self.log = JobLog(invocation, self.redactor, as_json, stdout_writer())
        self.guard = Guard(invocation.timeout_seconds, invocation.grace_period_seconds, self.last_words)
        self._started = time.time()
        self._process = os.getpid()
        self._end = _thread.allocate_lock()
        self._traceback = ""

    def run(self) -> NoReturn:
        """Run the method unless the receipt is there already, write the receipt, leave."""
        try:
            self.guard.start()
            self.receipt = self.receipt or self._attempt()
            self.guard.close()
        except BaseException as error:  # noqa: BLE001  the signal came while the receipt was made
            self.guard.close()
            self.receipt = self._failure(error)
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
        receipt = receipts.fit(self.receipt or self._stopped())
        if not self._end.acquire(blocking=False):
            return
        self.log.line(_STAGES[receipt.outcome], self._epitaph(receipt), self._traceback)
        path = contract.place(contract.RECEIPT_PATH_VARIABLE, contract.RECEIPT_PATH)
        try:
            receipts.write(path, receipt)
        except OSError as error:
            self.log.line("LOG", f"the receipt cannot be written to {path}: {error.strerror}")
        # Not sys.exit: a thread that user code left behind would hold the process for ever.
        os._exit(receipts.exit_code(receipt))

    def _attempt(self) -> Receipt:
        try:
            value = self._call()
            # SIGTERM may come late and be survived; the end of the time may not.
            if self.guard.stopped_by is ReceiptOutcome.TIMEOUT:
                return self._stopped()
            return self._success(value)
        except BaseException as error:  # noqa: BLE001  whatever it is, it ends this attempt and nothing else
            return self._failure(error)

    def _call(self) -> Any:
        invocation = self.invocation
        secrets = self._secret_params()
        self.log.line("RUNNING")
        set_current_job(
            CurrentJob(
                name=invocation.name,
                namespace=invocation.namespace,
                uid=invocation.uid,
                attempt=invocation.attempt,
                max_attempts=invocation.max_attempts,
                deadline_timestamp=self._started + invocation.timeout_seconds,
                log=self.log.job_line,
            )
        )
        params = {**invocation.params, **secrets}
        target = load(invocation.target)
        target.check(params)
        method = target.bind()
        self.log.line("ATTEMPT")
        value = method(**params)
        # By its value, not by the function's flag: a decorator may hide an async function in a plain one.
        return self._run_async(value) if isinstance(value, CoroutineType) else value

    def _secret_params(self) -> dict[str, str]:
        names = self.invocation.secret_params
        twice = sorted(set(names) & self.invocation.params.keys())
        if twice:
            raise NotLoadable(f"{', '.join(twice)} is given both in params and in paramsFrom; keep one")
        folder = contract.place(contract.SECRET_PARAMS_PATH_VARIABLE, contract.SECRET_PARAMS_PATH)
        secrets = {}
        for name in names:
            try:
                secrets[name] = read_secret_param(folder, name)
            except OSError as error:
                raise NotLoadable(f"secret param {name} cannot be read: {error.strerror}") from None
            except UnicodeDecodeError:
                raise NotLoadable(f"secret param {name} is not UTF-8 text; store it as base64") from None
        self.redactor.learn(secrets.values())
        return secrets

    def _run_async(self, coroutine: CoroutineType[Any, Any, Any]) -> Any:
        import asyncio  # noqa: PLC0415  only async methods pay for it

        async def supervise() -> Any:
            task, loop = asyncio.current_task(), asyncio.get_running_loop()
            if task is not None:
                self.guard.cancel_task = lambda: loop.call_soon_threadsafe(task.cancel)
            try:
                return await coroutine
            finally:
                self.guard.cancel_task = None

        return asyncio.run(supervise())

    def _success(self, value: Any) -> Receipt:
        try:
            result = receipts.plain_json(value, self.redactor)
        except BaseException as error:  # noqa: BLE001  user code runs here, and the work itself is done
            self.log.line("LOG", f"the result is left out, it is not JSON: {safe_text(error)}")
            return self._receipt(ReceiptOutcome.SUCCEEDED, result_omitted=True)
        receipt = receipts.fit(self._receipt(ReceiptOutcome.SUCCEEDED, result=result))
        if receipt.result_omitted:
            limit = contract.RECEIPT_LIMIT_BYTES
            self.log.line(
                "LOG", f"the result is left out, it does not fit into {limit} bytes: store it elsewhere"
            )
        return receipt

    def _failure(self, error: BaseException) -> Receipt:
        exception = digest(error, self.redactor)
        traceback = format_error(error)
        if self.guard.stopped_by is not None:
            told = isinstance(error, AttemptStopped) or type(error).__name__ == "CancelledError"
            return self._stopped(None if told else exception)
        self._traceback = traceback
        if isinstance(error, RetryLater):
            delay = retry_delay(error.delay_seconds)
            return self._receipt(ReceiptOutcome.RETRY_LATER, exception=exception, retry_after_seconds=delay)
        failure = FailureKind.APP_ERROR
        if isinstance(error, Fatal):
            failure = FailureKind.FATAL
        elif isinstance(error, NotLoadable):
            failure = FailureKind.NOT_LOADABLE
        return self._receipt(ReceiptOutcome.FAILED, failure=failure, exception=exception)

    def _stopped(self, exception: ExceptionDigest | None = None) -> Receipt:
        """The receipt of an attempt that had to stop; `exception` is what it raised on the way."""
        if self.guard.stopped_by is ReceiptOutcome.TIMEOUT:
            invocation = self.invocation
            message = (
                f"{invocation.class_name}.{invocation.method} ran longer than {invocation.timeout_seconds} s"
            )
            exception = timeout_digest(message, self.guard.stack_at_timeout, self.redactor)
            return self._receipt(ReceiptOutcome.TIMEOUT, exception=exception)
        return self._receipt(ReceiptOutcome.TERMINATED, exception=exception)

    def _receipt(self, outcome: ReceiptOutcome, **fields: Any) -> Receipt:
        return Receipt(uid=self.invocation.uid, attempt=self.invocation.attempt, outcome=outcome, **fields)

    def _epitaph(self, receipt: Receipt) -> str:
        lasted = f"after {time.time() - self._started:.3f} s"
        exception = receipt.exception
        return lasted if exception is None else f"{lasted}: {exception.type}: {exception.message}"


def retry_delay(seconds: object) -> int:
    """Whole seconds from 0 to a year, whatever user code gave to RetryLater."""
    try:
        return math.ceil(min(max(float(str(seconds)), 0), 31_536_000))
    except ValueError:  # not a number, or NaN
        return 0
