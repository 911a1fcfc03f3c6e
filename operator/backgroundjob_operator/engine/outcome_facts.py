"""What the rules of the classifier ask about an attempt, each answered once.

Every answer only grows with further events or rests on what later events cannot change, so a verdict
once given does not flip.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from backgroundjob.api.reasons import CHARGED_CAUSES, Cause, Outcome
from backgroundjob_operator.engine.observation import AttemptRecord, ContainerEnd, JobRecord, PodRecord
from backgroundjob_operator.engine.observation_pod import PLACEHOLDER_REASONS, START_ERRORS, STATUS_UNKNOWN
from backgroundjob_operator.engine.outcome_verdict import Verdict, outcome_of
from backgroundjob_operator.engine.receipts import Reading, read_receipt
from backgroundjob_runner.contract import FailureKind

NO_POD_REASON: Final = "QuotaExceeded"
"""Waiting reason of a Job for which no Pod could be created; core Events say more."""
_NO_RETRY: Final = frozenset({FailureKind.FATAL, FailureKind.NOT_LOADABLE, FailureKind.BAD_INVOCATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One attempt at one moment."""

    attempt: AttemptRecord
    now: datetime
    grace: timedelta
    start_deadline: timedelta
    cancel_requested: bool
    pod: PodRecord | None
    """The Pod that decides: the one with the first final receipt, or else the newest."""
    reading: Reading

    @property
    def job(self) -> JobRecord | None:
        """The attempt's Job; None when nothing is left of it."""
        return self.attempt.job

    @property
    def end(self) -> ContainerEnd | None:
        """How the container of the deciding Pod ended."""
        return self.pod.end if self.pod is not None else None

    @property
    def decided(self) -> bool:
        """Whether the Job has said how it ends."""
        return self.job is not None and self.job.decision is not None

    @property
    def job_is_gone(self) -> bool:
        """Whether the Job is gone, or going, without having said how it ends."""
        return not self.decided and (self.job is None or self.job.is_gone)

    @property
    def exceeded_deadline(self) -> bool:
        """Whether the backstop stopped it, and it had not ended before."""
        return self.job is not None and self.job.exceeded_deadline and not self.ended_first

    @property
    def ended_first(self) -> bool:
        """Whether the container ended before anybody asked for it."""
        return self.pod is not None and self.pod.ended_first

    @property
    def lacks_the_pod(self) -> bool:
        """Whether the Pod that the Job's end speaks of was not seen."""
        pods = self.attempt.pods
        is_complete = self.job is not None and self.job.is_complete
        return not pods or (is_complete and all(pod.phase != "Succeeded" for pod in pods))

    @property
    def is_settled(self) -> bool:
        """Whether no Pod can say more about its end."""
        return all(pod.is_settled for pod in self.attempt.pods)

    @property
    def started(self) -> bool | None:
        """Whether the code ever ran; None when that was not seen."""
        pods = self.attempt.pods
        if any(_ran(pod) for pod in pods) or (self.job is not None and self.job.ever_ready):
            return True
        if not pods:
            return None if self.job is None or self.job.ever_active else False
        return None if any(_may_have_run(pod) for pod in pods) else False

    @property
    def waiting_reason(self) -> str | None:
        """The last reason not to start."""
        if self.pod is not None:
            return self.pod.last_waiting_reason
        return NO_POD_REASON if self.started is False else None

    @property
    def start_is_overdue(self) -> bool:
        """Whether it was removed for want of a start, rather than on somebody's whim."""
        if self.waiting_reason is not None and self.waiting_reason not in PLACEHOLDER_REASONS:
            return self.pod is not None or self._lived_past_start_deadline
        return self._lived_past_start_deadline

    @property
    def _lived_past_start_deadline(self) -> bool:
        startable_time = self.attempt.startable_time
        if self.job is None or startable_time is None:
            return False
        times = [self.pod.deletion_time] if self.pod is not None else []
        times += [self.job.deletion_time, self.job.deleted_time]
        removed = min((time for time in times if time is not None), default=None)
        return removed is not None and removed >= startable_time + self.start_deadline

    @property
    def anomaly(self) -> str | None:
        """What should not have happened."""
        found = []
        if len(self.attempt.pods) > 1:
            names = ", ".join(sorted(pod.name for pod in self.attempt.pods))
            found.append(
                f"one Job had {len(self.attempt.pods)} Pods ({names}), so the code may have run twice"
            )
        succeeded = self.pod is not None and self.pod.phase == "Succeeded"
        if succeeded and self.job is not None and self.job.exceeded_deadline:
            found.append("the Pod succeeded and its Job says DeadlineExceeded")
        return "; ".join(found) or None

    def verdict(self, cause: Cause | None, message: str, *, outcome: Outcome | None = None) -> Verdict:
        """A verdict with all that the Pod and the Job say; the outcome follows from the cause."""
        started = self.started
        pod, end, receipt = self.pod, self.end, self.reading.final
        return Verdict(
            outcome=outcome or outcome_of(cause),
            cause=cause,
            charged=cause in CHARGED_CAUSES,
            retryable=receipt is None or receipt.failure not in _NO_RETRY,
            never_started=started is False and outcome is not Outcome.SUCCEEDED,
            exit_code=end.exit_code if end is not None and end.is_real else None,
            exception=receipt.exception if receipt is not None else None,
            result=receipt.result if receipt is not None else None,
            result_omitted=receipt is not None and receipt.result_omitted,
            retry_after_seconds=receipt.retry_after_seconds if receipt is not None else None,
            finish_time=self._finish_time,
            pod_name=pod.name if pod is not None else None,
            node_name=pod.node_name if pod is not None else None,
            waiting_reason=self.waiting_reason if started is False else None,
            message=message,
            anomaly=self.anomaly,
            process_ended=self._process_ended,
        )

    @property
    def _finish_time(self) -> datetime | None:
        if self.pod is not None and self.pod.end_time is not None:
            return self.pod.end_time
        if self.job is None:
            return None
        decision = self.job.decision
        return decision.time if decision is not None else self.job.deletion_time or self.job.deleted_time

    @property
    def _process_ended(self) -> bool:
        if self.attempt.pods:
            return not self.attempt.may_still_run
        return self.started is False or (self.job is not None and self.job.has("Complete"))


def gather(
    attempt: AttemptRecord,
    *,
    uid: str,
    number: int,
    now: datetime,
    grace: timedelta,
    start_deadline: timedelta,
    cancel_requested: bool,
) -> Facts:
    """The facts of an attempt, its deciding Pod chosen and its receipt read."""
    read = [
        (pod, read_receipt(pod.end.message if pod.end else "", uid=uid, number=number))
        for pod in attempt.pods
    ]
    final = [one for one in read if one[1].final is not None]
    if final:
        pod, reading = min(final, key=lambda one: (_sortable(one[0].end_time), one[0].uid))
    elif read:
        pod, reading = max(read, key=lambda one: (_sortable(one[0].creation_time), one[0].uid))
    else:
        pod, reading = None, Reading()
    return Facts(
        attempt=attempt,
        now=now,
        grace=grace,
        start_deadline=start_deadline,
        cancel_requested=cancel_requested,
        pod=pod,
        reading=reading,
    )


def is_start_error(end: ContainerEnd | None) -> bool:
    """Whether the runtime could not start the container."""
    return end is not None and end.reason in START_ERRORS


def _ran(pod: PodRecord) -> bool:
    return pod.ever_running or (pod.end is not None and pod.end.ran)


def _may_have_run(pod: PodRecord) -> bool:
    """Whether it shows no run, and yet proves none."""
    if pod.vanished:
        return True
    was_lost = pod.end is not None and pod.end.reason == STATUS_UNKNOWN
    return was_lost and not pod.seen_unstarted


def _sortable(time: datetime | None) -> float:
    return time.timestamp() if time is not None else 0.0
