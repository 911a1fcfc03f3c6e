"""Which changes of a spec the API server refuses, for backends without one.

The same rules as the CEL rules of the CRD, with the same sentences (backgroundjob.api.rules).
"""

from collections.abc import Mapping
from typing import Any, Final

from backgroundjob.api.reasons import TERMINAL_CONDITIONS, ConditionStatus
from backgroundjob.errors import InvalidSpec

_IMMUTABLE: Final = ("params", "paramsFrom", "args", "retry", "queue", "concurrencyKey", "dependsOn")
_UNTIL_STARTED: Final = {
    "priority": "priority cannot change after the first attempt has started",
    "delaySeconds": "delaySeconds and runAt cannot change after the first attempt has started",
    "runAt": "delaySeconds and runAt cannot change after the first attempt has started",
}


def check_change(before: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    """Whether the object may have this spec from now on. Raises InvalidSpec."""
    problem = _problem(before.get("spec") or {}, spec, before.get("status") or {})
    if problem is not None:
        raise InvalidSpec(*problem)


def _problem(
    old: Mapping[str, Any], new: Mapping[str, Any], status: Mapping[str, Any]
) -> tuple[str, str] | None:
    if any(old.get(field) != new.get(field) for field in ("class", "method")):
        return "spec", "class and method are immutable"
    for field in _IMMUTABLE:
        if old.get(field) != new.get(field):
            return f"spec.{field}", f"{field} is immutable"
    for field, sentence in _UNTIL_STARTED.items():
        if old.get(field) != new.get(field) and status.get("startTime"):
            return f"spec.{field}", sentence
    return _restart_problem(old, new, status)


def _restart_problem(
    old: Mapping[str, Any], new: Mapping[str, Any], status: Mapping[str, Any]
) -> tuple[str, str] | None:
    before, after = old.get("restarts", 0), new.get("restarts", 0)
    if old.get("cancel") and not new.get("cancel") and after <= before:
        return "spec.cancel", "cancel cannot be taken back, except by raising restarts in the same update"
    if after < before:
        return "spec.restarts", "restarts can only grow"
    if after != before and not _has_ended(status):
        return "spec.restarts", "restarts can be raised only after the BackgroundJob is Complete or Failed"
    return None


def _has_ended(status: Mapping[str, Any]) -> bool:
    return any(
        condition["type"] in TERMINAL_CONDITIONS and condition["status"] == ConditionStatus.TRUE
        for condition in status.get("conditions") or ()
    )
