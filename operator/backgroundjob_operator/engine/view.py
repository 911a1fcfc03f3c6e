"""One object and everything seen that belongs to it: what the decisions read, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backgroundjob.api.limits import DEFAULT_QUEUE
from backgroundjob.policy.effective import Refusal
from backgroundjob_operator.engine.actions import Action, PatchStatus
from backgroundjob_operator.engine.catalogue import Admitted, Settings
from backgroundjob_operator.engine.dependencies import Broken, Unmet
from backgroundjob_operator.engine.observation import AttemptRecord, JobRecord
from backgroundjob_operator.engine.ranking import Claim
from backgroundjob_operator.engine.record import BackgroundJobRecord
from backgroundjob_operator.engine.status import Status, merge_patch
from backgroundjob_operator.engine.usage import Place


@dataclass(frozen=True, slots=True)
class View:
    """What is known of one object at one moment."""

    record: BackgroundJobRecord
    attempts: Mapping[int, AttemptRecord]
    """Observed Jobs and pods by attempt number. The list of Jobs is the truth about attempts."""
    admission: Admitted | Refusal | None
    """None when the spec could not be parsed."""
    settings: Settings
    dependencies: Unmet | Broken | None = None
    """What dependsOn makes it wait for, before its first attempt; None when nothing."""
    has_dependents: bool = False
    """Whether others that have not ended depend on it."""

    @property
    def place(self) -> Place:
        """Where an attempt of it counts. What runs under an entry that is gone counts all the same."""
        record, spec = self.record, self.record.spec
        admitted = self.admission if isinstance(self.admission, Admitted) else None
        own_queue = (spec.queue if spec is not None else None) or DEFAULT_QUEUE
        queue = admitted.effective.queue if admitted else record.status.get("queue", own_queue)
        return Place(
            namespace=record.key.namespace,
            queue=queue,
            method=f"{record.class_name}.{record.method}",
            method_limit=admitted.method_limit if admitted else None,
            concurrency_key=spec.concurrency_key if spec is not None else None,
        )

    @property
    def last_number(self) -> int:
        """Highest attempt number that was ever used; 0 before the first."""
        return max([self.record.last_attempt_number, *self.attempts])

    @property
    def current_number(self) -> int | None:
        """The attempt whose outcome is not in the ledger yet."""
        number = self.last_number
        entry = self.ledger_entry(number)
        return None if number == 0 or "outcome" in entry else number

    def ledger_entry(self, number: int) -> Mapping[str, Any]:
        """The ledger's entry of one attempt; empty when it has none."""
        return next((one for one in self.record.attempts if one["number"] == number), {})

    @property
    def leftover_jobs(self) -> list[JobRecord]:
        """Jobs that could still run code although their attempt's outcome is recorded.

        Not those whose pods have ended: their Job finishes by itself and keeps pod and log.
        """
        return [
            attempt.job
            for number, attempt in sorted(self.attempts.items())
            if attempt.job is not None
            and "outcome" in self.ledger_entry(number)
            and not (attempt.job.is_finished or attempt.job.is_deleting or attempt.job.is_deleted)
            and (attempt.may_still_run or not attempt.pods)
        ]

    @property
    def deadline(self) -> datetime | None:
        """When deadlineSeconds is over, counted from creation or the latest restart."""
        seconds = self.deadline_seconds
        if seconds is None:
            return None
        return (self.record.restart_time or self.record.creation_time) + timedelta(seconds=seconds)

    @property
    def deadline_seconds(self) -> int | None:
        """The effective deadlineSeconds; the object's own where nothing else can be resolved."""
        if isinstance(self.admission, Admitted):
            return self.admission.effective.deadline_seconds
        return self.record.spec.deadline_seconds if self.record.spec is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about one object now, and when to look again if nothing happens."""

    actions: tuple[Action, ...] = ()
    look_again_at: datetime | None = None
    claim: Claim | None = None
    """The wish for a slot."""
    holds_slot: Place | None = None
    """Where a running attempt counts."""
    since: datetime | None = None
    """When that attempt was started, if known."""


def patch(view: View, status: Status) -> tuple[PatchStatus, ...]:
    """The write that makes the object show `status`; none when it already does."""
    difference = merge_patch(view.record.status, status)
    if not difference:
        return ()
    before, after = view.record.status.get("state", "New"), status.get("state")
    tail = f"{before}→{after} reason={status.get('reason')} attempt={view.last_number}"
    return (PatchStatus(view.record.key, view.record.resource_version, difference, tail),)


def earliest(*times: datetime | None) -> datetime | None:
    """The first of the given times; None when there is none."""
    return min((time for time in times if time is not None), default=None)


NO_ATTEMPT = AttemptRecord(job=None, pods=())
"""An attempt of which nothing is left to see."""
