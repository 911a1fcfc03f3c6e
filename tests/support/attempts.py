"""Builders of attempts as the cluster shows them: each names only what matters to a test."""

from datetime import UTC, datetime, timedelta
from typing import Any

from backgroundjob_operator.engine.observation import (
    AttemptRecord,
    ContainerEnd,
    JobCondition,
    JobRecord,
    PodRecord,
)
from backgroundjob_operator.engine.outcome import Undecided, Verdict, classify
from backgroundjob_runner.contract import ExceptionDigest, FailureKind, Receipt, ReceiptOutcome

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
UID = "uid-1"
_HALF_A_MINUTE_LATER = NOON + timedelta(seconds=30)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def receipt(
    outcome: ReceiptOutcome = ReceiptOutcome.SUCCEEDED, *, uid: str = UID, attempt: int = 1, **fields: Any
) -> str:
    return Receipt(uid=uid, attempt=attempt, outcome=outcome, **fields).to_json()


def failed_receipt(failure: FailureKind = FailureKind.APP_ERROR, error: str = "ValueError") -> str:
    return receipt(
        ReceiptOutcome.FAILED, failure=failure, exception=ExceptionDigest(type=error, message="secret")
    )


def ended(exit_code: int = 0, *, reason: str = "", message: str = "") -> ContainerEnd:
    """A container that ran for ten seconds."""
    return ContainerEnd(
        reason=reason or ("Completed" if exit_code == 0 else "Error"),
        exit_code=exit_code,
        message=message,
        started_at=NOON,
        finished_at=after(10),
    )


def pod(end: ContainerEnd | None = None, **fields: Any) -> PodRecord:
    """A Pod that ran to `end`, or still runs."""
    phase = "Running" if end is None else "Succeeded" if end.exit_code == 0 else "Failed"
    was_asked = "deletion_time" in fields or "disruption_reason" in fields
    default: dict[str, Any] = {
        "uid": "pod-1",
        "name": "attempt-1",
        "creation_time": NOON,
        "node_name": "node1",
        "phase": phase,
        "is_running": end is None,
        "ever_running": True,
        "seen_unstarted": True,
        "ended_first": end is not None and not was_asked,
        "end": end,
    }
    return PodRecord(**{**default, **fields})


def pending(waiting: str | None = "ContainerCreating", detail: str = "", **fields: Any) -> PodRecord:
    """A Pod that never ran."""
    default: dict[str, Any] = {
        "phase": "Pending",
        "is_running": False,
        "ever_running": False,
        "last_waiting_reason": waiting,
        "last_waiting_message": detail,
    }
    return pod(fields.pop("end", None), **{**default, **fields})


def job(condition: str = "", reason: str = "BackoffLimitExceeded", **fields: Any) -> JobRecord:
    """A Job, with its deciding condition 20 s after it was created."""
    conditions = (JobCondition(type=condition, reason=reason, time=after(20)),) if condition else ()
    default: dict[str, Any] = {
        "uid": "job-1",
        "name": "nightly-1",
        "namespace": "default",
        "creation_time": NOON,
        "start_time": NOON,
        "active_deadline_seconds": 3600,
        "conditions": conditions,
        "ever_active": True,
    }
    return JobRecord(**{**default, **fields})


def said(
    job: JobRecord | None, *pods: PodRecord, now: datetime = _HALF_A_MINUTE_LATER, **options: Any
) -> Verdict | Undecided:
    """What the classifier says of attempt 1 half a minute after its creation."""
    return classify(
        AttemptRecord(job, pods), uid=UID, number=1, now=now, **{"node_lost_grace_seconds": 300, **options}
    )


def verdict(job: JobRecord | None, *pods: PodRecord, **options: Any) -> Verdict:
    answer = said(job, *pods, **options)
    assert isinstance(answer, Verdict), answer
    return answer


def undecided(job: JobRecord | None, *pods: PodRecord, **options: Any) -> Undecided:
    answer = said(job, *pods, **options)
    assert isinstance(answer, Undecided), answer
    return answer
