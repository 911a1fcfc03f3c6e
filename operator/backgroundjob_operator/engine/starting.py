"""Before an attempt: may it run, is it due, does it need a slot, and the Job that starts it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from backgroundjob.api.reasons import Reason, State
from backgroundjob.policy.effective import Refusal, RetryPolicy
from backgroundjob_operator.engine.actions import Action, CreateJob, DeleteJob, EmitEvent
from backgroundjob_operator.engine.catalogue import Admitted
from backgroundjob_operator.engine.dependencies import Broken, Unmet
from backgroundjob_operator.engine.manifest import job_manifest
from backgroundjob_operator.engine.ranking import Claim
from backgroundjob_operator.engine.record import format_time, parse_time
from backgroundjob_operator.engine.status import Summary, ended, with_effective, with_summary
from backgroundjob_operator.engine.usage import Hold
from backgroundjob_operator.engine.view import Decision, View, earliest, patch

WAIT_VISIBLE_AFTER: Final = timedelta(seconds=2)
"""A wait shorter than this is not worth a write."""


@dataclass(frozen=True, slots=True)
class _Wait:
    """A reason not to start now."""

    summary: Summary
    until: datetime | None
    """None: only an event ends it."""


def decide_start(view: View, now: datetime) -> Decision:
    """What an object without a running attempt needs: an end, a wait, or a slot."""
    end = _end(view, now)
    if end is not None:
        return _finish(view, end, now)
    if not isinstance(view.admission, Admitted):
        return _wait(view, _Wait(_allow_list_unavailable(view), None), now)
    hold = _hold(view, now)
    if hold is not None:
        return _wait(view, hold, now)
    return _claim(view, view.admission, now)


def start(view: View) -> Decision:
    """The next attempt's Job. Called for an object whose claim was granted."""
    if not isinstance(view.admission, Admitted):
        raise TypeError(f"{view.record.key} claimed a slot without being admitted")
    config = view.settings.config
    manifest = job_manifest(
        view.record,
        view.admission,
        view.last_number + 1,
        config.profile(view.admission.effective.profile),
        config.times,
    )
    return Decision(
        actions=(*_delete_leftovers(view), CreateJob(view.record.key, manifest)), holds_slot=view.place
    )


def _end(view: View, now: datetime) -> Summary | None:
    """Why it ends without a further attempt, or None."""
    record, admission = view.record, view.admission
    if record.spec is None:
        return Summary(state=State.REJECTED, reason=Reason.INVALID_SPEC, message=record.spec_problem)
    if record.spec.cancel:
        return Summary(
            state=State.CANCELLED, reason=Reason.CANCEL_REQUESTED, message="cancelled before it ran"
        )
    if view.deadline is not None and now >= view.deadline:
        message = f"deadlineSeconds of {view.deadline_seconds} s passed before it could run to its end"
        return Summary(state=State.FAILED, reason=Reason.DEADLINE_EXCEEDED, message=message)
    if isinstance(admission, Refusal) and admission.reason is not Reason.ALLOW_LIST_UNAVAILABLE:
        return Summary(state=State.REJECTED, reason=admission.reason, message=admission.message)
    if isinstance(view.dependencies, Broken):
        broken = view.dependencies
        return Summary(state=State.FAILED, reason=broken.reason, message=broken.message)
    return _spent(view, admission.effective.retry) if isinstance(admission, Admitted) else None


def _spent(view: View, policy: RetryPolicy) -> Summary | None:
    """The budget that is used up already: it was not known when the attempt ended, or is smaller now."""
    charged, disruptions = view.record.charged_count, view.record.disruption_count
    if charged >= policy.max_attempts:
        message = f"{charged} attempts were charged, and maxAttempts is {policy.max_attempts}"
        return Summary(state=State.FAILED, reason=Reason.RETRIES_EXHAUSTED, message=message)
    if disruptions > policy.max_disruptions:
        message = f"{disruptions} attempts were disrupted, and maxDisruptions is {policy.max_disruptions}"
        return Summary(state=State.FAILED, reason=Reason.DISRUPTIONS_EXHAUSTED, message=message)
    return None


def _finish(view: View, summary: Summary, now: datetime) -> Decision:
    status = ended(with_summary(view.record, summary, now), summary, now)
    if isinstance(view.admission, Admitted):
        status = with_effective(status, view.admission.effective, is_running=False)
    event = EmitEvent(
        owner=view.record.key,
        uid=view.record.uid,
        type="Normal" if summary.state is State.CANCELLED else "Warning",
        reason=summary.reason,
        note=summary.message,
        identity=f"end/{view.record.restarts}",
    )
    return Decision(actions=(*_delete_leftovers(view), event, *patch(view, status)))


def _allow_list_unavailable(view: View) -> Summary:
    admission = view.admission
    match admission:
        case Refusal():
            return Summary(state=State.WAITING, reason=admission.reason, message=admission.message)
        case Admitted() | None:
            raise AssertionError(f"{view.record.key}: only a refusal waits for the allow-list")
        case _:
            assert_never(admission)


def _hold(view: View, now: datetime) -> _Wait | None:
    """Why an admitted object does not claim a slot now, or None."""
    spec = view.record.spec
    if spec is not None and spec.suspend:
        message = "spec.suspend is true; set it to false to go on"
        return _Wait(Summary(state=State.WAITING, reason=Reason.SUSPENDED, message=message), None)
    due = due_time(view)
    if now < due:
        return _Wait(_not_due(view, due), due)
    if isinstance(view.dependencies, Unmet):
        message = view.dependencies.message
        reason = Reason.WAITING_FOR_DEPENDENCIES
        return _Wait(Summary(state=State.WAITING, reason=reason, message=message), None)
    silent_until = _silent_until(view)
    if silent_until is not None and now < silent_until:
        message = f"the last pod may still run on a silent node; waiting until {format_time(silent_until)}"
        return _Wait(
            Summary(state=State.RETRYING, reason=Reason.WAITING_FOR_NODE, message=message), silent_until
        )
    return None


def due_time(view: View) -> datetime:
    """When the next attempt may start at the earliest."""
    record = view.record
    if "nextRetryTime" in record.status:
        return parse_time(record.status["nextRetryTime"])
    if record.restart_time is not None:
        return record.restart_time
    spec = record.spec
    if spec is not None and spec.run_at is not None:
        return spec.run_at
    delay_seconds = (spec.delay_seconds if spec is not None else None) or 0
    return record.creation_time + timedelta(seconds=delay_seconds)


def _not_due(view: View, due: datetime) -> Summary:
    if "nextRetryTime" in view.record.status:
        # The sentence was written with the failure; with_summary keeps it.
        message = f"the next attempt starts at {format_time(due)}"
        return Summary(state=State.RETRYING, reason=Reason.BACK_OFF, message=message)
    message = f"starts at {format_time(due)}, as spec asks"
    return Summary(state=State.WAITING, reason=Reason.NOT_YET_DUE, message=message)


def _silent_until(view: View) -> datetime | None:
    """Until when the last attempt's process may still run unseen: its pod is there and has not ended."""
    last = view.attempts.get(view.last_number)
    finish = view.ledger_entry(view.last_number).get("finishTime")
    if last is None or finish is None or not last.may_still_run:
        return None
    grace = timedelta(seconds=view.settings.config.times.node_lost_grace_seconds)
    return parse_time(finish) + grace


def _wait(view: View, wait: _Wait, now: datetime) -> Decision:
    is_short = wait.until is not None and wait.until - now <= WAIT_VISIBLE_AFTER
    writes = () if is_short else patch(view, _waiting_status(view, wait.summary, now))
    return Decision(
        actions=(*_delete_leftovers(view), *writes),
        look_again_at=earliest(wait.until, view.deadline),
    )


def _claim(view: View, admitted: Admitted, now: datetime) -> Decision:
    due = due_time(view)
    visible_at = due + WAIT_VISIBLE_AFTER
    claim = Claim(
        place=view.place,
        priority=admitted.effective.priority,
        due_time=due,
        creation_time=view.record.creation_time,
        uid=view.record.uid,
    )
    return Decision(
        actions=_delete_leftovers(view),
        look_again_at=earliest(None if now >= visible_at else visible_at, view.deadline),
        claim=claim,
    )


def show_queued(view: View, claim: Claim, hold: Hold, now: datetime) -> tuple[Action, ...]:
    """The status write for a claim that was not granted; none while the wait is short or already shown.

    Which limit holds it back changes with others, so it is written on entering the wait and when a pause
    begins or ends. What holds at this moment is computed on request (`why`).
    """
    shown = view.record.status
    is_paused, was_paused = hold.reason is Reason.QUEUE_PAUSED, shown.get("reason") == Reason.QUEUE_PAUSED
    is_shown = shown.get("state") == State.QUEUED and is_paused == was_paused
    if is_shown or now < claim.due_time + WAIT_VISIBLE_AFTER:
        return ()
    summary = Summary(state=State.QUEUED, reason=hold.reason, message=_queued_message(hold))
    return patch(view, _waiting_status(view, summary, now))


def _queued_message(hold: Hold) -> str:
    if hold.reason is Reason.QUEUE_PAUSED:
        return f"{hold.group} is paused by the administrator; it starts when the queue is resumed"
    if hold.reason is Reason.CONCURRENCY_KEY_BUSY:
        return f"another attempt with {hold.group} runs in this namespace; one runs at a time"
    return f"due, but {hold.limit} attempts run, the limit of {hold.group}; higher priority goes first"


def _waiting_status(view: View, summary: Summary, now: datetime) -> dict[str, object]:
    status = with_summary(view.record, summary, now)
    if isinstance(view.admission, Admitted):
        status = with_effective(status, view.admission.effective, is_running=False)
    return status


def _delete_leftovers(view: View) -> tuple[DeleteJob, ...]:
    return tuple(DeleteJob(view.record.key, job.name, job.uid) for job in view.leftover_jobs)
