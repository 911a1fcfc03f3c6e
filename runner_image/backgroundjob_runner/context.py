"""What a running method may know of its job: `current_job()`."""

from __future__ import annotations

import sys
import time

from backgroundjob_runner.stopping import AttemptStopped
from backgroundjob_runner.values import Value

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from logging import Logger, LoggerAdapter


def _never() -> bool:
    return False


class CurrentJob(Value):
    """The attempt that this process runs."""

    name: str
    namespace: str
    uid: str
    attempt: int
    """From 1, restarts and disruptions included."""
    max_attempts: int
    deadline_timestamp: float
    """When the attempt's `timeoutSeconds` are over, in seconds since the epoch."""
    log: Callable[[str], None]
    """Write one line to the job's log, in the runner's format."""
    class_name: str = ""
    method: str = ""
    told_to_stop: Callable[[], bool] = _never

    @property
    def fencing_token(self) -> int:
        """A number that only grows from attempt to attempt of one object.

        Let a database refuse a write with a smaller token than the last one it saw: an attempt that
        was given up with its node may still run.
        """
        return self.attempt

    @property
    def deadline(self) -> datetime:
        """When the attempt's `timeoutSeconds` are over, UTC."""
        from datetime import UTC, datetime  # noqa: PLC0415  most jobs never ask, and all would pay

        return datetime.fromtimestamp(self.deadline_timestamp, UTC)

    @property
    def remaining_seconds(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.deadline_timestamp - time.time()

    @property
    def stopping(self) -> bool:
        """Whether the attempt was told to stop: its time is over, or SIGTERM came."""
        return self.told_to_stop()

    def raise_if_stopping(self) -> None:
        """Raise AttemptStopped when the attempt was told to stop.

        For code that swallowed the AttemptStopped that was raised in it, and for threads of its own.
        """
        if self.stopping:
            raise AttemptStopped

    @property
    def logger(self) -> LoggerAdapter[Logger]:
        """The logger `backgroundjob`; its records have job, namespace, attempt, class and method."""
        from backgroundjob_runner.job_logger import job_logger  # noqa: PLC0415  most jobs never ask

        return job_logger(self)


class _NoJob(CurrentJob):
    """Stands in outside a job, so that a method can be called like any other."""

    @property
    def fencing_token(self) -> int:
        """Smaller than that of every attempt."""
        return 0

    @property
    def deadline(self) -> datetime:
        """The last moment that a datetime can name."""
        from datetime import UTC, datetime  # noqa: PLC0415  most jobs never ask, and all would pay

        return datetime.max.replace(tzinfo=UTC)


def _log_to_stderr(message: str) -> None:
    if sys.stderr is not None:  # as in a program without a console
        print(message, file=sys.stderr)


_OUTSIDE = _NoJob(
    name="",
    namespace="",
    uid="",
    attempt=1,
    max_attempts=1,
    deadline_timestamp=float("inf"),
    log=_log_to_stderr,
)

# One job per process, so a plain name: threads that the method starts see it too.
_current: CurrentJob | None = None


def current_job() -> CurrentJob:
    """The job that this process runs; outside a job one without name and deadline, attempt 1 of 1."""
    return _OUTSIDE if _current is None else _current


def set_current_job(job: CurrentJob | None) -> CurrentJob | None:
    """Declare which job runs in this process, and return the one before. For backends and tests."""
    global _current
    before, _current = _current, job
    return before
