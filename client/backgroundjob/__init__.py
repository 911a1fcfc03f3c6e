"""Run `Class.method(params)` in the background, on Kubernetes or on this machine.

Names are loaded when first used: importing this package pulls in no dependency, so it also lives
in the runner image beside user code.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backgroundjob.client import run_background_job as run_background_job
    from backgroundjob.errors import (
        AccessDenied as AccessDenied,
    )
    from backgroundjob.errors import (
        BackendUnavailable as BackendUnavailable,
    )
    from backgroundjob.errors import (
        BackgroundJobError as BackgroundJobError,
    )
    from backgroundjob.errors import (
        Conflict as Conflict,
    )
    from backgroundjob.errors import (
        InvalidParams as InvalidParams,
    )
    from backgroundjob.errors import (
        InvalidSpec as InvalidSpec,
    )
    from backgroundjob.errors import (
        JobFailed as JobFailed,
    )
    from backgroundjob.errors import (
        LogsUnavailable as LogsUnavailable,
    )
    from backgroundjob.errors import (
        NameConflict as NameConflict,
    )
    from backgroundjob.errors import (
        NotAllowed as NotAllowed,
    )
    from backgroundjob.errors import (
        NotFinished as NotFinished,
    )
    from backgroundjob.errors import (
        NotFound as NotFound,
    )
    from backgroundjob.errors import (
        NotInstalled as NotInstalled,
    )
    from backgroundjob.errors import (
        NotPossible as NotPossible,
    )
    from backgroundjob.errors import (
        SubmitError as SubmitError,
    )
    from backgroundjob.errors import (
        WaitTimeout as WaitTimeout,
    )
    from backgroundjob.handle import Handle as Handle
    from backgroundjob.why import Why as Why
    from backgroundjob_runner.context import current_job as current_job
    from backgroundjob_runner.contract import Fatal as Fatal
    from backgroundjob_runner.contract import RetryLater as RetryLater

__version__ = "0.1.0"

_MODULES = {
    "backgroundjob.client": ("run_background_job",),
    "backgroundjob.handle": ("Handle",),
    "backgroundjob.why": ("Why",),
    "backgroundjob_runner.context": ("current_job",),
    "backgroundjob_runner.contract": ("Fatal", "RetryLater"),
    "backgroundjob.errors": (
        "AccessDenied",
        "BackendUnavailable",
        "BackgroundJobError",
        "Conflict",
        "InvalidParams",
        "InvalidSpec",
        "JobFailed",
        "LogsUnavailable",
        "NameConflict",
        "NotAllowed",
        "NotFinished",
        "NotFound",
        "NotInstalled",
        "NotPossible",
        "SubmitError",
        "WaitTimeout",
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [  # noqa: PLE0604  computed, so that it cannot differ from what __getattr__ finds
    "__version__",
    *sorted(_MODULE_OF),
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
