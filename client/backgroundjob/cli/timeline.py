"""Where a plan lies on the clock: from the submission, or from where the object stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backgroundjob.durations import parsed_time
from backgroundjob.finish import is_finished
from backgroundjob.planning import Plan
from backgroundjob.policy.plan import PlannedAttempt, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Which attempt is next, and at what time on the clock; no time while nothing is submitted."""

    name: str = ""
    """Of the object, when there is one."""
    charged: int = 0
    """Attempts that are used up."""
    running: bool = False
    """Whether the attempt after those runs now."""
    ended: str = ""
    """Its state, once it has ended."""
    next_time: datetime | None = None
    """Earliest start of the attempt after those; of one that runs, the moment of asking."""
    offset: timedelta = timedelta()
    """From the submission to the first attempt, when there is no time on the clock."""
    deadline: datetime | timedelta | None = None
    """The end of everything, on the clock or from the submission."""

    @classmethod
    def of(cls, document: Mapping[str, Any], plan: Plan, now: datetime) -> "Timeline":
        """Where the object stands; a manifest is taken to be submitted now."""
        status = document.get("status") or {}
        created = parsed_time(document["metadata"].get("creationTimestamp"))
        delay = timedelta(seconds=plan.spec.delay_seconds or 0)
        seconds = plan.effective.deadline_seconds
        deadline = None if seconds is None else timedelta(seconds=seconds)
        if created is None:
            offset = max(plan.spec.run_at - now, timedelta()) if plan.spec.run_at else delay
            return cls(offset=offset, deadline=deadline)
        name = str(document["metadata"]["name"])
        if is_finished(document):
            return cls(name=name, ended=str(status["state"]))
        restarted = (document["spec"].get("restarts") or 0) > 0
        charged = 0 if _unseen_restart(document) else int(status.get("attemptCount") or 0)
        running = status.get("state") == "Running"
        due = None if restarted else plan.spec.run_at or created + delay
        retry = parsed_time(status.get("nextRetryTime"))
        return cls(
            name=name,
            charged=charged,
            running=running,
            next_time=now if running else max(retry or due or now, now),
            # After a restart the deadline counts from a moment that the object does not tell.
            deadline=created + deadline if deadline is not None and not restarted else None,
        )

    def start(self, plan: Plan, attempt: PlannedAttempt) -> Span:
        """From the next attempt, or from the submission, to this one's start."""
        anchor = plan.attempts[min(self.charged, len(plan.attempts) - 1)].start
        since = Span(attempt.start.earliest - anchor.earliest, attempt.start.latest - anchor.latest)
        return since if self.next_time else since + Span(self.offset, self.offset)

    def is_too_late(self, start: Span) -> bool:
        """Whether the deadline has passed by then, for certain."""
        if isinstance(self.deadline, timedelta):
            return start.earliest >= self.deadline
        if self.deadline is None or self.next_time is None:
            return False
        return self.next_time + start.earliest >= self.deadline


def _unseen_restart(document: Mapping[str, Any]) -> bool:
    observed = (document.get("status") or {}).get("restartsObserved") or 0
    return (document["spec"].get("restarts") or 0) > observed
