"""Handles in the state that a test wants, for code that is given one."""

from typing import Any

from backgroundjob.api.reasons import Reason, State
from backgroundjob.client import run_background_job
from backgroundjob.handle import Handle
from backgroundjob.manifest import Params
from backgroundjob.testing.memory import InMemoryBackend


def succeeded(result: Any = None, *, job: str = "EmailJob.send", params: Params = None) -> Handle[Any]:
    """A job that has returned `result`."""
    handle, backend = _submitted(job, params)
    backend.succeed(handle.name, result)
    return handle.refresh()


def failed(
    exception: Exception | None = None,
    *,
    state: State = State.FAILED,
    reason: Reason = Reason.RETRIES_EXHAUSTED,
    message: str = "",
    job: str = "EmailJob.send",
    params: Params = None,
) -> Handle[Any]:
    """A job that has ended without success; `exception` as the method would have raised it."""
    handle, backend = _submitted(job, params)
    backend.fail(handle.name, state=state, reason=reason, message=message, exception=exception)
    return handle.refresh()


def running(*, job: str = "EmailJob.send", params: Params = None) -> Handle[Any]:
    """A job that runs; `handle.backend.succeed(handle.name, …)` ends it."""
    handle, backend = _submitted(job, params)
    backend.start(handle.name)
    return handle.refresh()


def _submitted(job: str, params: Params) -> tuple[Handle[Any], InMemoryBackend]:
    class_, _, method = job.rpartition(".")
    backend = InMemoryBackend()
    return run_background_job(class_, method, params, backend=backend), backend
