"""After the end: a restart, leftovers, and how long Jobs and objects stay."""

from datetime import datetime, timedelta
from typing import Final

from backgroundjob.api.limits import DEFAULT_TTL_SECONDS
from backgroundjob.api.reasons import State
from backgroundjob_operator.engine.actions import Action, DeleteBackgroundJob, DeleteJob
from backgroundjob_operator.engine.catalogue import Admitted
from backgroundjob_operator.engine.status import restarted
from backgroundjob_operator.engine.view import Decision, View, earliest, patch

DEPENDENTS_CHECK: Final = timedelta(seconds=60)
"""How often an object past its time looks whether others still depend on it."""


def decide_after_end(view: View, now: datetime) -> Decision:
    """What an object with a terminal condition still needs."""
    record = view.record
    if record.restarts > int(record.status.get("restartsObserved", 0)):
        return Decision(actions=patch(view, restarted(record, now)))
    leftovers: tuple[Action, ...] = tuple(
        DeleteJob(record.key, job.name, job.uid) for job in view.leftover_jobs
    )
    object_ends_at = record.completion_time + timedelta(seconds=_ttl_seconds(view))
    if view.has_dependents:
        # It goes when they have read how it ended.
        object_ends_at = max(object_ends_at, now + DEPENDENTS_CHECK)
    if now >= object_ends_at:
        return Decision(actions=(DeleteBackgroundJob(record.key, record.uid),))
    jobs_end_at = record.completion_time + timedelta(seconds=_keep_succeeded_seconds(view))
    if now >= jobs_end_at:
        return Decision(actions=(*leftovers, *_delete_finished(view)), look_again_at=object_ends_at)
    return Decision(actions=leftovers, look_again_at=earliest(jobs_end_at, object_ends_at))


def _ttl_seconds(view: View) -> int:
    if isinstance(view.admission, Admitted):
        return view.admission.effective.ttl_seconds
    spec = view.record.spec
    own = spec.ttl_seconds_after_finished if spec is not None else None
    return DEFAULT_TTL_SECONDS if own is None else own


def _keep_succeeded_seconds(view: View) -> int:
    """Failed Jobs end by their own ttlSecondsAfterFinished; only success is shortened here."""
    times = view.settings.config.times
    succeeded = view.record.status.get("state") == State.SUCCEEDED
    return times.keep_succeeded_jobs_seconds if succeeded else times.keep_failed_jobs_seconds + 60


def _delete_finished(view: View) -> tuple[DeleteJob, ...]:
    return tuple(
        DeleteJob(view.record.key, attempt.job.name, attempt.job.uid)
        for _, attempt in sorted(view.attempts.items())
        if attempt.job is not None and not (attempt.job.is_deleting or attempt.job.is_deleted)
    )
