"""The CRD's rules on updates, as far as the model API server needs them (backgroundjob.api.rules)."""

from collections.abc import Mapping
from typing import Any

from backgroundjob.api.reasons import ConditionType

IMMUTABLE = ("class", "method", "params", "retry", "queue", "concurrencyKey", "dependsOn")


def terminal(status: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Type, reason and time of the terminal condition, if it is set."""
    for one in status.get("conditions", ()):
        if one["type"] in (ConditionType.COMPLETE, ConditionType.FAILED) and one["status"] == "True":
            return one["type"], one["reason"], one["lastTransitionTime"]
    return None


def status_refusal(spec: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """Why the server refuses this status, or None."""
    observed, before = new.get("restartsObserved", 0), old.get("restartsObserved", 0)
    ends = [one["type"] for one in new.get("conditions", ()) if one["status"] == "True"]
    if observed > spec.get("restarts", 0):
        return "status.restartsObserved cannot exceed spec.restarts"
    if terminal(old) is not None and observed <= before and terminal(new) != terminal(old):
        return "a terminal condition is final until restartsObserved grows"
    if ConditionType.COMPLETE in ends and ConditionType.FAILED in ends:
        return "Complete and Failed exclude each other"
    return None


def edit_refusal(document: Mapping[str, Any], changes: Mapping[str, Any]) -> str | None:
    """Why the server refuses this change of a spec, or None."""
    old, status = document["spec"], document.get("status", {})
    new = {**old, **changes}
    restarts, restarts_before = new.get("restarts", 0), old.get("restarts", 0)
    if any(new.get(field) != old.get(field) for field in IMMUTABLE):
        return "the field is immutable"
    if "startTime" in status and any(
        new.get(field) != old.get(field) for field in ("priority", "delaySeconds")
    ):
        return "priority and delaySeconds cannot change after the first attempt has started"
    if restarts < restarts_before:
        return "restarts can only grow"
    if restarts != restarts_before and terminal(status) is None:
        return "restarts can be raised only after the BackgroundJob is Complete or Failed"
    if old.get("cancel") and not new.get("cancel") and restarts == restarts_before:
        return "cancel cannot be taken back, except by raising restarts in the same update"
    if "delaySeconds" in new and "deadlineSeconds" in new and new["delaySeconds"] >= new["deadlineSeconds"]:
        return "deadlineSeconds counts from creation and must be larger than delaySeconds"
    return None
