"""One call of the method, and the receipt of what it did. Knows nothing of processes.

The same code runs a method in a pod, under `attempt`, and inside a caller's process.
"""

from __future__ import annotations

import math
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
from backgroundjob_runner.stopping import AttemptStopped
from backgroundjob_runner.target import NotLoadable, load

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from backgroundjob_runner.joblog import JobLog
    from backgroundjob_runner.redaction import Redactor
    from backgroundjob_runner.stopping import Stop

_STAGES = {
    ReceiptOutcome.SUCCEEDED: "SUCCEEDED",
    ReceiptOutcome.FAILED: "FAILED",
    ReceiptOutcome.RETRY_LATER: "RETRY LATER",
    ReceiptOutcome.TIMEOUT: "TIMEOUT",
    ReceiptOutcome.TERMINATED: "TERMINATED",
}


class Execution:
    """Runs an invocation once, in the thread that calls `run`."""

    passing: tuple[type[BaseException], ...] = ()
    """What is not the method's to decide and leaves `run`: nothing in a process of the attempt's own."""

    def __init__(
        self,
        invocation: Invocation,
        *,
        log: JobLog,
        redactor: Redactor,
        stop: Stop,
        read_secret: Callable[[str], str],
        provided: Mapping[type, object] | None = None,
    ) -> None:
        """`read_secret` gives the value of a secret param, `provided` objects to use instead of new ones."""
        self.invocation = invocation
        self.log = log
        self.started = time.time()
        self._redactor = redactor
        self._stop = stop
        self._read_secret = read_secret
        self._provided = provided or {}
        self._traceback = ""

    def run(self) -> Receipt:
        """Load, check and call the method."""
        try:
            value = self._call()
            # SIGTERM may come late and be survived; the end of the time may not.
            if self._stop.stopped_by is ReceiptOutcome.TIMEOUT:
                return self.stopped()
            return self._success(value)
        except BaseException as error:  # whatever it is, it ends this attempt and nothing else
            if isinstance(error, self.passing):
                raise
            if isinstance(error, NotLoadable) and isinstance(error.__cause__, self.passing):
                raise error.__cause__ from None  # it came while a module was imported
            return self.failure(error)

    def failure(self, error: BaseException) -> Receipt:
        """The receipt of an attempt that raised."""
        exception = digest(error, self._redactor)
        traceback = format_error(error)
        if self._stop.stopped_by is not None:
            told = isinstance(error, AttemptStopped) or type(error).__name__ == "CancelledError"
            return self.stopped(None if told else exception)
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

    def stopped(self, exception: ExceptionDigest | None = None) -> Receipt:
        """The receipt of an attempt that had to stop; `exception` is what it raised on the way."""
        if self._stop.stopped_by is ReceiptOutcome.TIMEOUT:
            invocation = self.invocation
            message = (
                f"{invocation.class_name}.{invocation.method} ran longer than {invocation.timeout_seconds} s"
            )
            exception = timeout_digest(message, self._stop.stack_at_timeout, self._redactor)
            return self._receipt(ReceiptOutcome.TIMEOUT, exception=exception)
        return self._receipt(ReceiptOutcome.TERMINATED, exception=exception)

    def tell(self, receipt: Receipt) -> None:
        """Log how it ended."""
        told = f"after {time.time() - self.started:.3f} s"
        if receipt.exception is not None:
            told += f": {receipt.exception.type}: {receipt.exception.message}"
        self.log.line(_STAGES[receipt.outcome], told, self._traceback)

    def _call(self) -> Any:
        secrets = self._secret_params()
        self.log.line("RUNNING")
        set_current_job(self._current_job())
        params = {**self.invocation.params, **secrets}
        target = load(self.invocation.target)
        target.check(params)
        method = target.bind(self._provided.get(target.owner))
        self.log.line("ATTEMPT")
        value = method(**params)
        # By its value, not by the function's flag: a decorator may hide an async function in a plain one.
        if not isinstance(value, CoroutineType):
            return value
        from backgroundjob_runner import coroutines  # noqa: PLC0415  only async methods pay for it

        return coroutines.run(value, self._stop)

    def _current_job(self) -> CurrentJob:
        invocation = self.invocation
        return CurrentJob(
            name=invocation.name,
            namespace=invocation.namespace,
            uid=invocation.uid,
            class_name=invocation.class_name,
            method=invocation.method,
            attempt=invocation.attempt,
            max_attempts=invocation.max_attempts,
            deadline_timestamp=self.started + invocation.timeout_seconds,
            log=self.log.job_line,
            told_to_stop=lambda: self._stop.stopped_by is not None,
        )

    def _secret_params(self) -> dict[str, str]:
        names = self.invocation.secret_params
        twice = sorted(set(names) & self.invocation.params.keys())
        if twice:
            raise NotLoadable(f"{', '.join(twice)} is given both in params and in paramsFrom; keep one")
        secrets = {}
        for name in names:
            try:
                secrets[name] = self._read_secret(name)
            except OSError as error:
                raise NotLoadable(f"secret param {name} cannot be read: {error.strerror}") from None
            except UnicodeDecodeError:
                raise NotLoadable(f"secret param {name} is not UTF-8 text; store it as base64") from None
        self._redactor.learn(secrets.values())
        return secrets

    def _success(self, value: Any) -> Receipt:
        try:
            result = receipts.plain_json(value, self._redactor)
        except BaseException as error:
            if isinstance(error, self.passing):
                raise
            # User code runs here too, and the work itself is done.
            self.log.line("LOG", f"the result is left out, it is not JSON: {safe_text(error)}")
            return self._receipt(ReceiptOutcome.SUCCEEDED, result_omitted=True)
        receipt = receipts.fit(self._receipt(ReceiptOutcome.SUCCEEDED, result=result))
        if receipt.result_omitted:
            limit = contract.RECEIPT_LIMIT_BYTES
            self.log.line(
                "LOG", f"the result is left out, it does not fit into {limit} bytes: store it elsewhere"
            )
        return receipt

    def _receipt(self, outcome: ReceiptOutcome, **fields: Any) -> Receipt:
        return Receipt(uid=self.invocation.uid, attempt=self.invocation.attempt, outcome=outcome, **fields)


def retry_delay(seconds: object) -> int:
    """Whole seconds from 0 to a year, whatever user code gave to RetryLater."""
    try:
        return math.ceil(min(max(float(str(seconds)), 0), 31_536_000))
    except ValueError:  # not a number, or NaN
        return 0
