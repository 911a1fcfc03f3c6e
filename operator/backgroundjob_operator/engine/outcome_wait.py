"""When it is too early to say how an attempt ended, and until when that holds.

Without a final receipt a verdict waits for both sides: the Job has decided or is gone, and every Pod is
settled.  Watches of Jobs and Pods are not ordered to each other, so one side alone proves little.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from backgroundjob_operator.engine.observation import JobCondition
from backgroundjob_operator.engine.outcome_facts import Facts

WATCH_LAG: Final = timedelta(seconds=120)
"""How long a Pod's events may come after its Job's: reopening a watch took up to 10 s, and 94 s were
recorded between a Job's decision and the Pod's end on a silent node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """An attempt that has not ended, or whose end is not clear yet."""

    started: bool = False
    stopping: bool = False
    """Whether its end was asked for, by anybody."""
    waiting_reason: str | None = None
    """Why it has not started."""
    message: str = ""
    look_again_at: datetime | None = None
    """When the verdict comes even if nothing more is heard; None while only an event can bring it."""


def why_not_yet(facts: Facts) -> Undecided | None:
    """What is missing for a verdict; None when there is nothing to wait for."""
    until, message = _missing(facts)
    if message is None or (until is not None and facts.now >= until):
        return None
    job = facts.job
    stopping = job is None or job.is_gone or job.decision is not None
    started = facts.started is True
    return Undecided(
        started=started,
        stopping=stopping or any(pod.deletion_time is not None for pod in facts.attempt.pods),
        waiting_reason=None if started else facts.waiting_reason,
        message=message,
        look_again_at=until,
    )


def _missing(facts: Facts) -> tuple[datetime | None, str | None]:
    """Until when to wait (None: without end) and for what (None: for nothing)."""
    decision = facts.job.decision if facts.job is not None else None
    if decision is not None:
        return _missing_after_decision(facts, decision)
    if facts.job_is_gone:
        return _missing_after_job(facts)
    if facts.job is not None and facts.job.is_suspended:
        return None, f"somebody suspended Job {facts.job.name}; resume it or delete it"
    return _missing_while_open(facts)


def _missing_after_decision(facts: Facts, decision: JobCondition) -> tuple[datetime | None, str | None]:
    times = [] if decision.time is None else [decision.time]
    if facts.lacks_the_pod:
        until = max(times) + min(facts.grace, WATCH_LAG) if times else facts.now
        return until, f"the Job has ended ({decision.reason}); its Pod has not been seen yet"
    if facts.is_settled:
        return None, None
    times = _deletion_times(facts) or times
    until = max(times) + facts.grace if times else facts.now
    return until, f"the Job is ending ({decision.reason}); its Pod has not ended yet"


def _missing_after_job(facts: Facts) -> tuple[datetime | None, str | None]:
    job = facts.job
    if not facts.attempt.pods:
        if job is None or not job.ever_active:
            return None, None
        time = job.deletion_time or job.deleted_time
        message = f"Job {job.name} was deleted; its Pod has not been seen yet"
        return (None, None) if time is None else (time + min(facts.grace, WATCH_LAG), message)
    if facts.is_settled:
        return None, None
    name = facts.pod.name if facts.pod is not None else ""
    deleting = _deletion_times(facts)
    if deleting:
        return max(deleting) + facts.grace, f"the Job was deleted; Pod {name} is being stopped"
    # Deleted with propagationPolicy Orphan, the API's default for Jobs: the code runs on, and may succeed.
    backstop = job.backstop_time if job is not None else None
    until = None if backstop is None else backstop + facts.grace
    return (
        until,
        f"the Job was deleted but not its Pod; it runs on until it ends: delete Pod {name} to stop it",
    )


def _missing_while_open(facts: Facts) -> tuple[datetime | None, str | None]:
    pod = facts.pod
    if pod is None:
        return None, "no Pod was created yet: if that lasts, look at the Job's Events (quota, admission)"
    deleting = _deletion_times(facts)
    if deleting:
        return max(deleting) + facts.grace, f"Pod {pod.name} is being stopped"
    if facts.is_settled:
        # The Job controller is late or away. Its word adds little, so the wait for it ends.
        times = [time for time in (pod.end_time, pod.deletion_time) if time is not None]
        until = min(times) + facts.grace if times else None
        return until, f"Pod {pod.name} has ended; its Job has not said so yet"
    if facts.started:
        return None, f"Pod {pod.name} runs on {pod.node_name}"
    detail = f": {pod.last_waiting_message}" if pod.last_waiting_message else ""
    return None, f"Pod {pod.name} waits: {pod.last_waiting_reason or 'Pending'}{detail}"


def _deletion_times(facts: Facts) -> list[datetime]:
    return [
        pod.deletion_time
        for pod in facts.attempt.pods
        if not pod.is_settled and pod.deletion_time is not None
    ]
