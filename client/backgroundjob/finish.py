"""Whether a job has finished, and the error that says it has not."""

from collections.abc import Mapping
from typing import Any, Final

from backgroundjob.api.reasons import TERMINAL_STATES
from backgroundjob.backends import Document
from backgroundjob.errors import StillRunning

UNSEEN: Final = "not seen by the operator"
"""How messages call the state of an object without a status."""


def is_finished(document: Mapping[str, Any]) -> bool:
    """Whether its state is terminal, and not that of a run before a restart the operator has yet to see."""
    status = document.get("status") or {}
    pending_restart = document.get("spec", {}).get("restarts", 0) > status.get("restartsObserved", 0)
    return status.get("state") in TERMINAL_STATES and not pending_restart


def still_running(document: Document, timeout_seconds: float | None = None) -> StillRunning:
    """The error that says where the job stands."""
    metadata, status = document["metadata"], document.get("status") or {}
    state, reason = status.get("state") or UNSEEN, status.get("reason") or ""
    return StillRunning(metadata["namespace"], metadata["name"], state, reason, timeout_seconds)
