"""One attempt as the cluster shows it: its Job and the Pods of that Job, folded from watch events.

The store calls `observe_job` and `observe_pod`; the classifier reads the records.  Nothing here decides.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from backgroundjob.api import labels
from backgroundjob_operator.engine.names import job_name
from backgroundjob_operator.engine.observation_pod import (
    ContainerEnd,
    Document,
    EventType,
    PodRecord,
    observe_pod,
    optional_time,
)
from backgroundjob_operator.engine.record import parse_time

__all__ = [
    "AttemptRecord",
    "ContainerEnd",
    "EventType",
    "JobCondition",
    "JobRecord",
    "PodRecord",
    "lost_job",
    "observe_job",
    "observe_pod",
]

_DECIDING: Final = ("Complete", "SuccessCriteriaMet", "Failed", "FailureTarget")
DEADLINE_EXCEEDED: Final = "DeadlineExceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCondition:
    """A condition of a Job that is True."""

    type: str
    reason: str = ""
    message: str = ""
    time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """What is known of one Job."""

    uid: str
    name: str
    namespace: str
    creation_time: datetime
    attempt: int = 0
    """From the label; 0 when it has none."""
    owner_uid: str = ""
    """Uid of the controlling object."""
    start_time: datetime | None = None
    active_deadline_seconds: int | None = None
    conditions: tuple[JobCondition, ...] = ()
    """Those that are True."""
    active: int = 0
    ready: int = 0
    ever_active: bool = False
    """A version counted a Pod, so one was created."""
    ever_ready: bool = False
    """A version counted a ready Pod, so its container ran."""
    deletion_time: datetime | None = None
    is_deleted: bool = False
    deleted_time: datetime | None = None
    """When the deletion was seen, if the observer gave the time."""

    @property
    def is_deleting(self) -> bool:
        """Whether a deletion was asked for and waits for finalizers."""
        return self.deletion_time is not None and not self.is_deleted

    @property
    def is_gone(self) -> bool:
        """Whether it is deleted or about to be: no condition follows any more."""
        return self.is_deleted or self.deletion_time is not None

    @property
    def is_finished(self) -> bool:
        """Whether it has a terminal condition: nothing of it runs on."""
        return self.has("Complete") or self.has("Failed")

    @property
    def is_complete(self) -> bool:
        """Whether it succeeded, or is decided to."""
        return self.has("Complete") or self.has("SuccessCriteriaMet")

    @property
    def is_suspended(self) -> bool:
        """Whether somebody suspended it. The operator never does."""
        return self.has("Suspended")

    @property
    def decision(self) -> JobCondition | None:
        """The first deciding condition; FailureTarget and SuccessCriteriaMet come before the end."""
        found = [condition for condition in self.conditions if condition.type in _DECIDING]
        return min(found, key=lambda one: (one.time is None, one.time), default=None)

    @property
    def exceeded_deadline(self) -> bool:
        """Whether the Job's own deadline, the backstop, ended it."""
        return self.decision is not None and self.decision.reason == DEADLINE_EXCEEDED

    @property
    def backstop_time(self) -> datetime | None:
        """When activeDeadlineSeconds ends, or would have ended, its Pods."""
        if self.active_deadline_seconds is None:
            return None
        return (self.start_time or self.creation_time) + timedelta(seconds=self.active_deadline_seconds)

    def has(self, condition_type: str) -> bool:
        """Whether that condition is True."""
        return any(condition.type == condition_type for condition in self.conditions)

    def gone(self, seen_time: datetime | None = None) -> "JobRecord":
        """The same Job, missing from a complete list."""
        return replace(self, is_deleted=True, deleted_time=self.deleted_time or seen_time)


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """Everything seen of one attempt.

    `job` is None only when a synced cache lacks a Job that was created: the store feeds the answer of
    the create call, so a late watch never looks like a deletion.
    """

    job: JobRecord | None
    pods: tuple[PodRecord, ...] = ()

    @property
    def startable_time(self) -> datetime | None:
        """Since when only the start itself is waited for; None without a Job.

        What a quota or a full cluster held back had no chance to start before it got a Pod and a node.
        """
        if self.job is None:
            return None
        times = [time for pod in self.pods for time in (pod.creation_time, pod.scheduled_time)]
        return max(time for time in (self.job.creation_time, *times) if time is not None)

    @property
    def may_still_run(self) -> bool:
        """Whether a process of it may be alive: no witnessed end of every Pod."""
        return not all(pod.process_ended for pod in self.pods)


def observe_job(
    previous: JobRecord | None, event_type: EventType, obj: Document, *, seen_time: datetime | None = None
) -> JobRecord:
    """The record after one more event. `seen_time` is when it arrived; it bounds waits after a deletion."""
    metadata, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    uid = str(metadata["uid"])
    before = previous if previous is not None and previous.uid == uid else None
    is_deleted = event_type == "DELETED"
    deleted_time = (before.deleted_time if before else None) or seen_time
    ready = int(status.get("ready") or 0)
    return JobRecord(
        uid=uid,
        name=str(metadata["name"]),
        namespace=str(metadata.get("namespace", "")),
        creation_time=parse_time(metadata["creationTimestamp"]),
        attempt=_attempt_number(metadata),
        owner_uid=_controller_uid(metadata),
        start_time=optional_time(status.get("startTime")),
        active_deadline_seconds=spec.get("activeDeadlineSeconds"),
        conditions=_true_conditions(status),
        active=int(status.get("active") or 0),
        ready=ready,
        ever_active=_counts_a_pod(status) or (before is not None and before.ever_active),
        ever_ready=ready > 0 or (before is not None and before.ever_ready),
        deletion_time=optional_time(metadata.get("deletionTimestamp")),
        is_deleted=is_deleted,
        deleted_time=deleted_time if is_deleted else None,
    )


def lost_job(pod: Document, seen_time: datetime) -> JobRecord | None:
    """The Job of a pod that is all that is left of it; None unless its name is the computed one.

    If the Job exists after all and its event is late, that event replaces this record.
    """
    metadata = pod["metadata"]
    own_labels = metadata.get("labels") or {}
    owner_uid, number = str(own_labels.get(labels.UID_LABEL, "")), _attempt_number(metadata)
    name = job_name(str(own_labels.get(labels.NAME_LABEL, "")), owner_uid, number)
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller") and reference.get("name") == name:
            return JobRecord(
                uid=str(reference["uid"]),
                name=name,
                namespace=str(metadata.get("namespace", "")),
                creation_time=parse_time(metadata["creationTimestamp"]),
                attempt=number,
                owner_uid=owner_uid,
                ever_active=True,
                is_deleted=True,
                deleted_time=seen_time,
            )
    return None


def _attempt_number(metadata: Document) -> int:
    number = str((metadata.get("labels") or {}).get(labels.ATTEMPT_LABEL, ""))
    return int(number) if number.isdecimal() else 0


def _controller_uid(metadata: Document) -> str:
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            return str(reference["uid"])
    return ""


def _true_conditions(status: Document) -> tuple[JobCondition, ...]:
    return tuple(
        JobCondition(
            type=str(condition["type"]),
            reason=str(condition.get("reason") or ""),
            message=str(condition.get("message") or ""),
            time=optional_time(condition.get("lastTransitionTime")),
        )
        for condition in status.get("conditions") or ()
        if condition.get("status") == "True"
    )


def _counts_a_pod(status: Document) -> bool:
    uncounted = status.get("uncountedTerminatedPods") or {}
    return any(status.get(name) for name in ("active", "terminating", "failed", "succeeded")) or any(
        uncounted.values()
    )
