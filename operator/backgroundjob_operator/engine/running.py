"""While an attempt runs: what the status shows, when it is stopped, and what follows its end."""

from datetime import datetime, timedelta
from typing import Any, Final

from backgroundjob.api.limits import ATTEMPT_MESSAGE_LIMIT
from backgroundjob.api.reasons import Cause, Outcome, Reason, State
from backgroundjob.policy.delays import disruption_delay, retry_delay
from backgroundjob_operator.engine.actions import Action, DeleteJob, EmitEvent
from backgroundjob_operator.engine.catalogue import Admitted
from backgroundjob_operator.engine.observation import AttemptRecord
from backgroundjob_operator.engine.outcome import Undecided, Verdict, classify
from backgroundjob_operator.engine.record import format_time
from backgroundjob_operator.engine.retry import final_reason
from backgroundjob_operator.engine.secrets import with_secret_hint
from backgroundjob_operator.engine.status import (
    Status,
    Summary,
    clipped,
    ended,
    with_attempt,
    with_effective,
    with_summary,
)
from backgroundjob_operator.engine.view import NO_ATTEMPT, Decision, View, earliest, patch

START_VISIBLE_AFTER: Final = timedelta(seconds=10)
"""A start slower than this is a wait and worth a write of its own."""

_WAITING_REASONS: Final = {
    "ErrImagePull": Reason.IMAGE_PULL,
    "ImagePullBackOff": Reason.IMAGE_PULL,
    "ErrImageNeverPull": Reason.IMAGE_PULL,
    "InvalidImageName": Reason.IMAGE_PULL,
    "Unschedulable": Reason.UNSCHEDULABLE,
    "QuotaExceeded": Reason.QUOTA_EXCEEDED,
}
_HEALS_WITHOUT_A_NEW_ATTEMPT: Final = frozenset({"Unschedulable", "QuotaExceeded"})


def decide_running(view: View, number: int, now: datetime) -> Decision:
    """What an object with an undecided attempt needs: patience, a stop, or its outcome written down."""
    attempt = view.attempts.get(number, NO_ATTEMPT)
    spec = view.record.spec
    verdict = classify(
        attempt,
        uid=view.record.uid,
        number=number,
        now=now,
        node_lost_grace_seconds=view.settings.config.times.node_lost_grace_seconds,
        cancel_requested=spec is not None and spec.cancel,
        start_deadline_seconds=view.settings.config.times.start_deadline_seconds,
    )
    verdict = with_secret_hint(verdict, spec)
    if isinstance(verdict, Verdict):
        return conclude(view, number, verdict, now)
    return _go_on(view, number, verdict, now)


def conclude(view: View, number: int, verdict: Verdict, now: datetime) -> Decision:
    """Write the outcome, and either the end or the time of the next attempt."""
    finish_time = verdict.finish_time or now
    record = view.record
    counts_as_attempt = verdict.charged or verdict.outcome is Outcome.SUCCEEDED
    charged = record.charged_count + counts_as_attempt
    disruptions = record.disruption_count + _counts_as_disruption(verdict)
    end = _end_after(view, verdict, charged, disruptions, now)
    summary = end or _retry_summary(number, verdict)
    status = with_summary(record, summary, now)
    entry = _ledger_entry(view, number, verdict, finish_time) | {"charged": counts_as_attempt}
    status = with_attempt(status, entry)
    status |= {"attemptCount": charged, "disruptionCount": disruptions}
    status.setdefault("startTime", entry.get("startTime", format_time(finish_time)))
    status["jobName"] = entry["jobName"]
    if verdict.result is not None:
        status["result"] = verdict.result
    if isinstance(view.admission, Admitted):
        status = with_effective(status, view.admission.effective, is_running=False)
    if end is not None:
        status = ended(status, end, finish_time)
    else:
        due = _next_retry_time(view, verdict, charged, disruptions, finish_time)
        status |= {
            "nextRetryTime": format_time(due),
            "message": f"{summary.message}; next attempt at {format_time(due)}",
        }
    # Events first: their names are computed, so after a crash in between they are told once all the same.
    return Decision(actions=(*_events(view, number, verdict, end), *patch(view, status)))


def _counts_as_disruption(verdict: Verdict) -> bool:
    """Waiting for room or quota uses up nothing, also when the Job's own deadline ends the wait."""
    is_room = verdict.never_started and verdict.waiting_reason in _HEALS_WITHOUT_A_NEW_ATTEMPT
    return verdict.outcome is Outcome.DISRUPTED and not is_room


def _end_after(view: View, verdict: Verdict, charged: int, disruptions: int, now: datetime) -> Summary | None:
    """The terminal summary, or None when another attempt follows."""
    spec = view.record.spec
    if verdict.outcome is Outcome.SUCCEEDED:
        return Summary(state=State.SUCCEEDED, reason=Reason.COMPLETED, message=verdict.message)
    if verdict.outcome is Outcome.CANCELLED or (spec is not None and spec.cancel):
        return Summary(state=State.CANCELLED, reason=Reason.CANCEL_REQUESTED, message=verdict.message)
    if view.deadline is not None and now >= view.deadline:
        message = f"deadlineSeconds passed; last attempt: {verdict.message}"
        return Summary(state=State.FAILED, reason=Reason.DEADLINE_EXCEEDED, message=message)
    if isinstance(view.admission, Admitted):
        reason = final_reason(view.admission.effective.retry, verdict, charged, disruptions)
        return (reason and Summary(state=State.FAILED, reason=reason, message=verdict.message)) or None
    if verdict.charged and charged >= int(view.record.status.get("maxAttempts", charged + 1)):
        return Summary(state=State.FAILED, reason=Reason.RETRIES_EXHAUSTED, message=verdict.message)
    # Refused by now: the next look at it ends it with the refusal's own reason.
    return None


def _retry_summary(number: int, verdict: Verdict) -> Summary:
    kind = "failed" if verdict.charged else "was disrupted"
    message = f"attempt {number} {kind} ({_cause_text(verdict)})"
    return Summary(state=State.RETRYING, reason=Reason.BACK_OFF, message=message)


def _next_retry_time(
    view: View, verdict: Verdict, charged: int, disruptions: int, finish_time: datetime
) -> datetime:
    # From the end as the cluster timed it, not from when this process noticed.
    if verdict.retry_after_seconds is not None:
        delay = timedelta(seconds=verdict.retry_after_seconds)
    elif not verdict.charged:
        delay = disruption_delay(max(1, disruptions))
    elif isinstance(view.admission, Admitted):
        delay = retry_delay(view.admission.effective.retry, charged, view.record.uid)
    else:
        delay = timedelta()
    due = finish_time + delay
    # Status times have whole seconds: round up, never start early.
    return due if due.microsecond == 0 else due.replace(microsecond=0) + timedelta(seconds=1)


def _ledger_entry(view: View, number: int, verdict: Verdict, finish_time: datetime) -> dict[str, Any]:
    entry = _started_entry(view, number) | {
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


def _started_entry(view: View, number: int) -> dict[str, Any]:
    known = dict(view.ledger_entry(number))
    job = view.attempts.get(number, NO_ATTEMPT).job
    if job is not None:
        known |= {"jobName": job.name, "startTime": format_time(job.creation_time)}
    # A ledger entry without a Job: it was deleted while nobody watched.
    return {"number": number, "jobName": known.get("jobName", "unknown"), **known}


def _go_on(view: View, number: int, undecided: Undecided, now: datetime) -> Decision:
    attempt = view.attempts.get(number, NO_ATTEMPT)
    stop_at, is_cancelled = _stop_time(view, attempt, undecided)
    actions: list[Action] = []
    must_stop = is_cancelled or (stop_at is not None and now >= stop_at)
    job = attempt.job
    if must_stop and job is not None and not (job.is_deleting or job.is_deleted):
        actions.append(DeleteJob(view.record.key, job.name, job.uid))
    visible_at = job.creation_time + START_VISIBLE_AFTER if job is not None else now
    if undecided.started or must_stop or now >= visible_at:
        summary = _running_summary(number, undecided, is_stopping=must_stop or undecided.stopping)
        actions[:0] = patch(view, _running_status(view, number, summary, now))
    return Decision(
        actions=tuple(actions),
        look_again_at=earliest(
            undecided.look_again_at,
            None if must_stop else stop_at,
            None if now >= visible_at or undecided.started else visible_at,
        ),
        holds_slot=view.place,
        since=job.creation_time if job is not None else None,
    )


def _stop_time(view: View, attempt: AttemptRecord, undecided: Undecided) -> tuple[datetime | None, bool]:
    """When this attempt is stopped by the operator, and whether it was cancelled."""
    spec = view.record.spec
    is_cancelled = spec is not None and spec.cancel
    start_deadline = None
    if attempt.startable_time is not None and not undecided.started:
        heals = undecided.waiting_reason in _HEALS_WITHOUT_A_NEW_ATTEMPT
        seconds = view.settings.config.times.start_deadline_seconds
        start_deadline = None if heals else attempt.startable_time + timedelta(seconds=seconds)
    return earliest(view.deadline, start_deadline), is_cancelled


def _running_summary(number: int, undecided: Undecided, *, is_stopping: bool) -> Summary:
    if is_stopping:
        return Summary(
            state=State.RUNNING, reason=Reason.STOPPING, message=f"attempt {number} is being stopped"
        )
    if undecided.started:
        return Summary(state=State.RUNNING, reason=Reason.RUNNING, message=f"attempt {number} is running")
    reason = _WAITING_REASONS.get(undecided.waiting_reason or "", Reason.STARTING)
    return Summary(state=State.RUNNING, reason=reason, message=undecided.message)


def _running_status(view: View, number: int, summary: Summary, now: datetime) -> Status:
    status = with_summary(view.record, summary, now)
    entry = _started_entry(view, number)
    status = with_attempt(status, entry)
    status["jobName"] = entry["jobName"]
    status.setdefault("startTime", entry.get("startTime", format_time(now)))
    status.pop("nextRetryTime", None)
    if isinstance(view.admission, Admitted):
        status = with_effective(status, view.admission.effective, is_running=True)
    return status


def _events(view: View, number: int, verdict: Verdict, end: Summary | None) -> tuple[EmitEvent, ...]:
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
        note=f"attempt {number} {'succeeded' if is_good else f'ended: {_cause_text(verdict)}'}{odd}",
        identity=f"attempt/{number}",
    )
    if end is None or is_good:
        return (told,)
    note = f"no further attempt after attempt {number}"
    identity = f"end/{view.record.restarts}"
    return (told, EmitEvent(key, uid, "Warning", end.reason, note, identity))


def _cause_text(verdict: Verdict) -> str:
    """Cause and exception type. Never the exception's message: it may hold a parameter."""
    cause = verdict.cause or Cause.UNKNOWN
    return f"{cause}: {verdict.exception.type}" if verdict.exception is not None else str(cause)
