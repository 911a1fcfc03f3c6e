"""Waiting by asking again, for backends that have no watch."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from backgroundjob.api.reasons import TERMINAL_STATES
from backgroundjob.backends import Document
from backgroundjob.errors import WaitTimeout

UNSEEN: Final = "not seen by the operator"
"""How messages call the state of an object without a status."""
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0


def is_finished(document: Mapping[str, Any]) -> bool:
    """Whether its state is terminal, and not that of a run before a restart the operator has yet to see."""
    status = document.get("status") or {}
    pending_restart = document.get("spec", {}).get("restarts", 0) > status.get("restartsObserved", 0)
    return status.get("state") in TERMINAL_STATES and not pending_restart


def timed_out(document: Document, timeout_seconds: float) -> WaitTimeout:
    """The error that says where the job stands."""
    metadata, status = document["metadata"], document.get("status") or {}
    state, reason = status.get("state") or UNSEEN, status.get("reason") or ""
    return WaitTimeout(metadata["namespace"], metadata["name"], timeout_seconds, state, reason)


def wait_by_polling(
    get: Callable[[], Document],
    timeout_seconds: float | None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Document:
    """Ask until the object has finished, with pauses that double up to 2 s. Raises WaitTimeout."""
    started, pause = clock(), _FIRST_PAUSE_SECONDS
    while True:
        document = get()
        if is_finished(document):
            return document
        if timeout_seconds is not None:
            left = started + timeout_seconds - clock()
            if left <= 0:
                raise timed_out(document, timeout_seconds)
            pause = min(pause, left)
        sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
