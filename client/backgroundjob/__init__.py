"""Run `Class.method(params)` in the background, on Kubernetes or on this machine.

Names are loaded when first used: importing this package pulls in no dependency, so it also lives
in the runner image beside user code.
"""

import importlib
import typing as _typing

if _typing.TYPE_CHECKING:
    from backgroundjob.backends import use_backend
    from backgroundjob.batch import Batch
    from backgroundjob.client import run_background_job
    from backgroundjob.errors import (
        AccessDenied,
        BackendUnavailable,
        BackgroundJobError,
        BatchIncomplete,
        Conflict,
        InvalidJob,
        InvalidParams,
        InvalidSpec,
        JobCancelled,
        JobFailed,
        JobRejected,
        LogsUnavailable,
        NameConflict,
        NotAllowed,
        NotCommitted,
        NotFound,
        NotInstalled,
        NotPossible,
        StillRunning,
        SubmitError,
    )
    from backgroundjob.handle import Handle
    from backgroundjob.hints import Schema, Secret
    from backgroundjob.jobs import JobClass, JobMethod, job
    from backgroundjob.on_commit import Deferred
    from backgroundjob.why import Why
    from backgroundjob_runner.context import CurrentJob, current_job
    from backgroundjob_runner.contract import Fatal, RetryLater

__version__ = "0.1.0"

__all__ = [
    "AccessDenied",
    "BackendUnavailable",
    "BackgroundJobError",
    "Batch",
    "BatchIncomplete",
    "Conflict",
    "CurrentJob",
    "Deferred",
    "Fatal",
    "Handle",
    "InvalidJob",
    "InvalidParams",
    "InvalidSpec",
    "JobCancelled",
    "JobClass",
    "JobFailed",
    "JobMethod",
    "JobRejected",
    "LogsUnavailable",
    "NameConflict",
    "NotAllowed",
    "NotCommitted",
    "NotFound",
    "NotInstalled",
    "NotPossible",
    "RetryLater",
    "Schema",
    "Secret",
    "StillRunning",
    "SubmitError",
    "Why",
    "__version__",
    "current_job",
    "job",
    "run_background_job",
    "use_backend",
]

_MODULES = {
    "backgroundjob.backends": ("use_backend",),
    "backgroundjob.batch": ("Batch",),
    "backgroundjob.client": ("run_background_job",),
    "backgroundjob.handle": ("Handle",),
    "backgroundjob.hints": ("Schema", "Secret"),
    "backgroundjob.jobs": ("JobClass", "JobMethod", "job"),
    "backgroundjob.on_commit": ("Deferred",),
    "backgroundjob.why": ("Why",),
    "backgroundjob_runner.context": ("CurrentJob", "current_job"),
    "backgroundjob_runner.contract": ("Fatal", "RetryLater"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> _typing.Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # What no other module offers is an error.
    value = getattr(importlib.import_module(_MODULE_OF.get(name, "backgroundjob.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
