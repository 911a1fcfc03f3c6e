"""While an attempt runs: what the status shows, and when it is stopped."""

from datetime import datetime, timedelta
from typing import Final

from backgroundjob.api.reasons import Reason, State
from backgroundjob_operator.engine.actions import Action, DeleteJob
from backgroundjob_operator.engine.catalogue import Admitted
from backgroundjob_operator.engine.conclusion import conclude
from backgroundjob_operator.engine.ledger import started_entry
from backgroundjob_operator.engine.observation import AttemptRecord
from backgroundjob_operator.engine.outcome import Undecided, Verdict, classify
from backgroundjob_operator.engine.record import format_time
from backgroundjob_operator.engine.retry import WAITS_FOR_ROOM
from backgroundjob_operator.engine.secrets import with_secret_hint
from backgroundjob_operator.engine.status import Status, Summary, with_attempt, with_effective, with_summary
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
        heals = undecided.waiting_reason in WAITS_FOR_ROOM
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
    entry = started_entry(view, number)
    status = with_attempt(status, entry)
    status["jobName"] = entry["jobName"]
    status.setdefault("startTime", entry.get("startTime", format_time(now)))
    status.pop("nextRetryTime", None)
    if isinstance(view.admission, Admitted):
        status = with_effective(status, view.admission.effective, is_running=True)
    return status
