"""What an attempt leaves behind: its entry in the ledger, and its lines in `kubectl describe`."""

from datetime import datetime
from typing import Any

from backgroundjob.api.limits import ATTEMPT_MESSAGE_LIMIT
from backgroundjob.api.reasons import Cause, Outcome, Reason
from backgroundjob_operator.engine.actions import EmitEvent
from backgroundjob_operator.engine.outcome import Verdict
from backgroundjob_operator.engine.record import format_time
from backgroundjob_operator.engine.status import Summary, clipped
from backgroundjob_operator.engine.view import NO_ATTEMPT, View


def ledger_entry(view: View, number: int, verdict: Verdict, finish_time: datetime) -> dict[str, Any]:
    """The entry of an attempt that has ended, without `charged`."""
    entry = started_entry(view, number) | {
        "finishTime": format_time(finish_time),
        "outcome": verdict.outcome,
        "message": clipped(verdict.message, ATTEMPT_MESSAGE_LIMIT),
    }
    optional = {
        "podName": verdict.pod_name,
        "nodeName": verdict.node_name,
        "cause": verdict.cause,
        "exitCode": verdict.exit_code,
        "retryAfterSeconds": verdict.retry_after_seconds,
    }
    entry |= {name: value for name, value in optional.items() if value is not None}
    if verdict.exception is not None:
        texts = {
            "type": verdict.exception.type,
            "message": verdict.exception.message,
            "traceback": verdict.exception.traceback,
        }
        entry["exception"] = {name: text for name, text in texts.items() if text}
    return entry


def started_entry(view: View, number: int) -> dict[str, Any]:
    """The entry of an attempt that was started."""
    known = dict(view.ledger_entry(number))
    job = view.attempts.get(number, NO_ATTEMPT).job
    if job is not None:
        known |= {"jobName": job.name, "startTime": format_time(job.creation_time)}
    # A ledger entry without a Job: it was deleted while nobody watched.
    return {"number": number, "jobName": known.get("jobName", "unknown"), **known}


def events_of(view: View, number: int, verdict: Verdict, end: Summary | None) -> tuple[EmitEvent, ...]:
    """The story for `kubectl describe`. A first-try success needs no words."""
    if verdict.outcome is Outcome.SUCCEEDED and number == 1 and verdict.anomaly is None:
        return ()
    odd = f"; {verdict.anomaly}" if verdict.anomaly else ""
    is_good = verdict.outcome is Outcome.SUCCEEDED
    key, uid = view.record.key, view.record.uid
    told = EmitEvent(
        owner=key,
        uid=uid,
        type="Normal" if is_good else "Warning",
        reason=verdict.cause or Reason.COMPLETED,
        note=f"attempt {number} {'succeeded' if is_good else f'ended: {cause_text(verdict)}'}{odd}",
        identity=f"attempt/{number}",
    )
    if end is None or is_good:
        return (told,)
    note = f"no further attempt after attempt {number}"
    identity = f"end/{view.record.restarts}"
    return (told, EmitEvent(key, uid, "Warning", end.reason, note, identity))


def cause_text(verdict: Verdict) -> str:
    """Cause and exception type. Never the exception's message: it may hold a parameter."""
    cause = verdict.cause or Cause.UNKNOWN
    return f"{cause}: {verdict.exception.type}" if verdict.exception is not None else str(cause)
