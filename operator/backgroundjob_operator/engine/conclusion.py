"""What follows the end of an attempt: the end of the job, or the time of the next attempt."""

from dataclasses import replace
from datetime import datetime, timedelta

from backgroundjob.api.limits import MAX_ATTEMPTS_LIMIT, MAX_DISRUPTIONS_LIMIT
from backgroundjob.api.reasons import Outcome, Reason, State
from backgroundjob.policy.delays import disruption_delay, next_second, retry_delay
from backgroundjob.policy.effective import RetryPolicy
from backgroundjob_operator.engine.catalogue import Admitted
from backgroundjob_operator.engine.ledger import cause_text, events_of, ledger_entry
from backgroundjob_operator.engine.outcome import Verdict
from backgroundjob_operator.engine.record import format_time
from backgroundjob_operator.engine.retry import WAITS_FOR_ROOM, final_reason
from backgroundjob_operator.engine.status import Summary, ended, with_attempt, with_effective, with_summary
from backgroundjob_operator.engine.view import Decision, View, patch


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
    entry = ledger_entry(view, number, verdict, finish_time) | {"charged": counts_as_attempt}
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
    return Decision(actions=(*events_of(view, number, verdict, end), *patch(view, status)))


def _counts_as_disruption(verdict: Verdict) -> bool:
    """Waiting for room or quota uses up nothing, also when the Job's own deadline ends the wait."""
    is_room = verdict.never_started and verdict.waiting_reason in WAITS_FOR_ROOM
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
    reason = final_reason(_policy(view), verdict, charged, disruptions)
    # If it is refused by now, the next look at it ends it with the refusal's own reason.
    return None if reason is None else Summary(state=State.FAILED, reason=reason, message=verdict.message)


def _policy(view: View) -> RetryPolicy:
    """The effective rules; without the allow-list what the object itself says of them.

    What only the entry or the configuration knows is asked again before the next attempt (`starting`).
    """
    if isinstance(view.admission, Admitted):
        return view.admission.effective.retry
    known = RetryPolicy(
        max_attempts=int(view.record.status.get("maxAttempts", MAX_ATTEMPTS_LIMIT)),
        max_disruptions=MAX_DISRUPTIONS_LIMIT,
    )
    own = view.record.spec.retry if view.record.spec is not None else None
    if own is None:
        return known
    return replace(
        known,
        max_attempts=own.max_attempts or known.max_attempts,
        max_disruptions=known.max_disruptions if own.max_disruptions is None else own.max_disruptions,
        retry_on=tuple(own.retry_on or ()),
        fail_on=tuple(own.fail_on or ()),
    )


def _retry_summary(number: int, verdict: Verdict) -> Summary:
    kind = "failed" if verdict.charged else "was disrupted"
    message = f"attempt {number} {kind} ({cause_text(verdict)})"
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
    return next_second(finish_time + delay)
