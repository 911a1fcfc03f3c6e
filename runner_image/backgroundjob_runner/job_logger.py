"""`current_job().logger`: records that say which attempt they are about. Imported by jobs that ask for it."""

from __future__ import annotations

from logging import Logger, LoggerAdapter, getLogger

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from backgroundjob_runner.context import CurrentJob


class JobLogger(LoggerAdapter[Logger]):
    """Adds the attempt's fields to those of a call's own `extra`."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """The call with all fields; the attempt's win."""
        kwargs["extra"] = {**(kwargs.get("extra") or {}), **(self.extra or {})}
        return msg, kwargs


def job_logger(job: CurrentJob) -> JobLogger:
    """The logger `backgroundjob`, for this attempt."""
    fields = {
        "job": job.name,
        "namespace": job.namespace,
        "attempt": job.attempt,
        "class": job.class_name,
        "method": job.method,
    }
    return JobLogger(getLogger("backgroundjob"), fields)
