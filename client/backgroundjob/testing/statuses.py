"""What the operator would write into a status, as far as clients read it."""

from collections.abc import Mapping
from typing import Any

from backgroundjob.api.reasons import ConditionStatus, ConditionType, Outcome, Reason, State
from backgroundjob_runner.digest import qualified_name


def running_status(now: str) -> dict[str, Any]:
    """Of a job whose code runs."""
    return {"state": State.RUNNING.value, "reason": Reason.RUNNING.value, "startTime": now}


def failed_status(job: str, reason: Reason, message: str, exception: Exception | None) -> dict[str, Any]:
    """Why it failed; an exception stands in the one attempt."""
    status: dict[str, Any] = {"reason": reason.value, "message": message}
    if exception is None:
        return status
    digest = {"type": qualified_name(type(exception)), "message": str(exception)}
    attempt = {"number": 1, "jobName": job, "outcome": Outcome.FAILED.value, "exception": digest}
    return {**status, "attempts": [attempt]}


def ended_status(
    document: Mapping[str, Any], state: State, condition: ConditionType, status: Mapping[str, Any], now: str
) -> dict[str, Any]:
    """Of a job that has ended so; `status` says why."""
    told = {
        "type": condition.value,
        "status": ConditionStatus.TRUE.value,
        "reason": status["reason"],
        "lastTransitionTime": now,
    }
    common = {"state": state.value, "conditions": [told], "completionTime": now, "attemptCount": 1}
    observed = {"restartsObserved": document["spec"].get("restarts", 0)}
    return {**common, **observed, **status}
