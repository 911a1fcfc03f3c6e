"""What a running method may know of its job: `current_job()`."""

from __future__ import annotations

import time

from backgroundjob_runner.values import Value

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class NoCurrentJobError(RuntimeError):
    """`current_job()` was called outside a job."""


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


# One job per process, so a plain name: threads that the method starts see it too.
_current: CurrentJob | None = None


def current_job() -> CurrentJob:
    """The job that this process runs. Raises NoCurrentJobError outside a job."""
    if _current is None:
        raise NoCurrentJobError(
            "current_job() works only inside a running job: this process was not started by the runner; "
            "in a test, call set_current_job(CurrentJob(...)) first"
        )
    return _current


def set_current_job(job: CurrentJob | None) -> None:
    """Declare which job runs in this process. For the runner, the inline backend and tests."""
    global _current  # noqa: PLW0603  one job per process
    _current = job
