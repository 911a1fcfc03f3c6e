"""One Pod as its watch showed it, folded event by event into a record.

Level, not edges: events may repeat, skip steps or start in the middle.  What later versions of a Pod
overwrite or lose is kept: the first real end, the last telling waiting reason, whether it ever ran.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from backgroundjob_operator.engine.record import parse_time

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
Document = Mapping[str, Any]

CONTAINER_NAME: Final = "runner"
TERMINAL_PHASES: Final = frozenset({"Succeeded", "Failed"})
STATUS_UNKNOWN: Final = "ContainerStatusUnknown"
"""The kubelet looked for the container and found none: lost, or never created."""
START_ERRORS: Final = frozenset({"StartError", "ContainerCannotRun"})
PLACEHOLDER_REASONS: Final = frozenset({"ContainerCreating", "PodInitializing"})
"""The normal way to a start; after a deletion they overwrite the reason that mattered."""
_EPOCH_YEAR: Final = 1970  # startedAt of a container that never ran


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerEnd:
    """A `terminated` container state."""

    reason: str
    exit_code: int
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def is_real(self) -> bool:
        """Whether a runtime reported this end, and not a kubelet that found nothing."""
        return self.finished_at is not None and self.reason != STATUS_UNKNOWN

    @property
    def ran(self) -> bool:
        """Whether a process ran before this end."""
        if self.reason in START_ERRORS or not self.is_real:
            return False
        return self.started_at is None or self.started_at.year != _EPOCH_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRecord:
    """What is known of one Pod."""

    uid: str
    name: str
    creation_time: datetime | None = None
    scheduled_time: datetime | None = None
    """When it got its node."""
    node_name: str | None = None
    phase: str = "Pending"
    reason: str = ""
    """`status.reason`: set by a kubelet that evicts or rejects the Pod."""
    status_message: str = ""
    disruption_reason: str | None = None
    """Reason of the DisruptionTarget condition: what was asked, not how it ended."""
    deletion_time: datetime | None = None
    """The earliest deletionTimestamp seen. It lies one grace period after the request."""
    is_running: bool = False
    end: ContainerEnd | None = None
    """The first real end, or else the last one shown."""
    ever_running: bool = False
    seen_unstarted: bool = False
    """A version showed it Pending before any sign of a run."""
    ended_first: bool = False
    """A version showed a real end before any deletion or disruption was asked for."""
    last_waiting_reason: str | None = None
    """The last reason not to run: a telling one is not overwritten by ContainerCreating."""
    last_waiting_message: str = ""
    is_deleted: bool = False
    deleted_time: datetime | None = None
    """When the deletion was seen, if the observer gave the time."""

    @property
    def is_settled(self) -> bool:
        """Whether no later version can say more about the end."""
        return self.is_deleted or (self.phase in TERMINAL_PHASES and not self.is_running)

    @property
    def vanished(self) -> bool:
        """Gone without a word: neither an end nor a request to delete it was seen."""
        return self.is_deleted and self.deletion_time is None and self.phase not in TERMINAL_PHASES

    @property
    def process_ended(self) -> bool:
        """Whether its process is known to have stopped, or never to have run."""
        if self.end is not None:
            return True
        if self.ever_running:
            return False
        # Without a node nothing ran, and once deletion is asked for no node takes it.
        is_going = self.is_deleted or self.deletion_time is not None
        return self.phase in TERMINAL_PHASES or (self.node_name is None and is_going)

    @property
    def end_time(self) -> datetime | None:
        """When the container ended, or else when the object went."""
        if self.end is not None and self.end.is_real:
            return self.end.finished_at
        return self.deleted_time or self.deletion_time

    def gone(self, seen_time: datetime | None = None) -> "PodRecord":
        """The same Pod, missing from a complete list."""
        return replace(self, is_deleted=True, deleted_time=self.deleted_time or seen_time)


def observe_pod(
    previous: PodRecord | None, event_type: EventType, obj: Document, *, seen_time: datetime | None = None
) -> PodRecord:
    """The record after one more event. `seen_time` is when it arrived; it bounds waits after a deletion."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    uid = str(metadata["uid"])
    before = previous if previous is not None and previous.uid == uid else PodRecord(uid=uid, name="")
    container = runner_container(status)
    end = _kept_end(before.end, container)
    disruption = _disruption_reason(status) or before.disruption_reason
    deletion_time = _earliest(before.deletion_time, optional_time(metadata.get("deletionTimestamp")))
    ever_running = before.ever_running or _shows_a_run(container)
    phase = str(status.get("phase") or "Pending")
    asked = deletion_time is not None or disruption is not None
    node_name = (obj.get("spec") or {}).get("nodeName") or before.node_name
    waiting_reason, waiting_message = _waiting(before, container, status, is_scheduled=node_name is not None)
    is_deleted = event_type == "DELETED"
    return PodRecord(
        uid=uid,
        name=str(metadata.get("name", "")),
        creation_time=optional_time(metadata.get("creationTimestamp")),
        scheduled_time=before.scheduled_time or _scheduled_time(status),
        node_name=node_name,
        phase=phase,
        reason=str(status.get("reason") or before.reason),
        status_message=str(status.get("message") or before.status_message),
        disruption_reason=disruption,
        deletion_time=deletion_time,
        is_running="running" in _state(container),
        end=end,
        ever_running=ever_running,
        seen_unstarted=before.seen_unstarted or (phase == "Pending" and not ever_running),
        ended_first=before.ended_first or (end is not None and end.is_real and not asked),
        last_waiting_reason=waiting_reason,
        last_waiting_message=waiting_message,
        is_deleted=is_deleted,
        deleted_time=(before.deleted_time or seen_time) if is_deleted else None,
    )


def runner_container(status: Document) -> Document:
    """Status of the container named runner, or of the only one; empty when there is none."""
    statuses: Sequence[Document] = status.get("containerStatuses") or ()
    named = [one for one in statuses if one.get("name") == CONTAINER_NAME]
    if named:
        return dict(named[0])
    return dict(statuses[0]) if len(statuses) == 1 else {}


def optional_time(text: object) -> datetime | None:
    """The time in an API object; None when absent."""
    return parse_time(text) if isinstance(text, str) else None


def _state(container: Document) -> Document:
    return container.get("state") or {}


def _kept_end(before: ContainerEnd | None, container: Document) -> ContainerEnd | None:
    # A terminal Pod still changes: an end with exit code and receipt is not given up for an unknown one.
    if before is not None and before.is_real:
        return before
    terminated = _state(container).get("terminated")
    if not terminated:
        return before
    return ContainerEnd(
        reason=str(terminated.get("reason") or ""),
        exit_code=int(terminated.get("exitCode") or 0),
        message=str(terminated.get("message") or ""),
        started_at=optional_time(terminated.get("startedAt")),
        finished_at=optional_time(terminated.get("finishedAt")),
    )


def _shows_a_run(container: Document) -> bool:
    state = _state(container)
    if "running" in state or container.get("lastState"):
        return True
    end = _kept_end(None, container)
    return end is not None and end.ran


def _disruption_reason(status: Document) -> str | None:
    for condition in status.get("conditions") or ():
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            return str(condition.get("reason") or "DisruptionTarget")
    return None


def _scheduled_time(status: Document) -> datetime | None:
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "True":
            return optional_time(condition.get("lastTransitionTime"))
    return None


def _waiting(
    before: PodRecord, container: Document, status: Document, *, is_scheduled: bool
) -> tuple[str | None, str]:
    """Reason and message to keep: the newest telling one."""
    now: Document = _state(container).get("waiting") or {}
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            now = condition
    reason = now.get("reason")
    kept = before.last_waiting_reason
    was_about_the_node = kept in ("Unschedulable", "SchedulingGated")
    if reason and (
        reason not in PLACEHOLDER_REASONS or kept is None or (was_about_the_node and is_scheduled)
    ):
        return str(reason), str(now.get("message") or "")
    return kept, before.last_waiting_message


def _earliest(*times: datetime | None) -> datetime | None:
    return min((time for time in times if time is not None), default=None)
