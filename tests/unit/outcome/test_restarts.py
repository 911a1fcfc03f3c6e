"""An operator that starts in the middle of a recording knows the objects that live then, and no history."""

from dataclasses import replace
from datetime import timedelta

import pytest

from backgroundjob.api.reasons import Cause, Outcome
from backgroundjob_operator.engine.observation_pod import STATUS_UNKNOWN
from backgroundjob_operator.engine.outcome import Undecided, Verdict
from endings import Event, Recording, Watcher, expected, recording

NAMES = sorted(expected())


def restarted(record: Recording, start: int) -> Watcher:
    """What an operator sees that starts after `start` events."""
    latest: dict[str, Event] = {}
    for event in record.events[:start]:
        latest[event.uid] = event
    watcher = Watcher(record.number, now=record.events[start - 1].time)
    for event in latest.values():
        if event.type != "DELETED":
            watcher.see(replace(event, type="ADDED"))
    return watcher


def starts(record: Recording) -> range:
    """Every moment after the Job was created."""
    first = next(index for index, event in enumerate(record.events) if event.kind == "Job")
    return range(first + 1, len(record.events) + 1)


def why_weaker(at_start: Watcher, verdict: Verdict) -> str | None:
    """Why an operator that starts so late may know less; None when it may not."""
    if verdict.charged or verdict.outcome is not Outcome.DISRUPTED:
        return None
    pods = at_start.attempt.pods
    if not pods:
        return "its Pod was gone before" if verdict.cause is Cause.UNKNOWN else None
    lost = all(pod.end is not None and pod.end.reason == STATUS_UNKNOWN for pod in pods)
    if lost and verdict.cause is Cause.UNKNOWN:
        return "all that is left of its container is ContainerStatusUnknown"
    if at_start.job is None and verdict.cause is Cause.JOB_DELETED:
        return "its Job was gone before, and the reason why it waited with it"
    return None


@pytest.mark.parametrize("name", NAMES)
def test_a_start_at_any_moment_ends_in_the_verdict_or_in_a_weaker_uncharged_one(name: str) -> None:
    record = recording(name)
    for start in starts(record):
        at_start = restarted(record, start)
        watcher = Watcher(record.number, at_start.job, dict(at_start.pods), at_start.now)
        answers = [watcher.say()]
        answers += [watcher.see(event).say() for event in record.events[start:]]
        answers.append(watcher.say(later=timedelta(days=1)))
        verdicts = [answer for answer in answers if isinstance(answer, Verdict)]
        if not verdicts:
            assert expected()[name].get("undecidedAtTheEnd"), start
            continue
        first = answers.index(verdicts[0])
        assert len(verdicts) == len(answers) - first, f"withdrawn after a start at event {start}"
        told = {(one.outcome, one.cause, one.charged) for one in verdicts}
        assert len(told) == 1, f"flipped after a start at event {start}"
        if (
            verdicts[0].cause != expected()[name]["cause"]
            or verdicts[0].outcome != expected()[name]["outcome"]
        ):
            assert why_weaker(at_start, verdicts[0]), (start, verdicts[0])


@pytest.mark.parametrize("name", NAMES)
def test_a_start_while_the_pod_runs_loses_nothing(name: str) -> None:
    record = recording(name)
    for start in starts(record):
        watcher = restarted(record, start)
        if not any(pod.is_running for pod in watcher.pods.values()) or expected()[name]["outcome"] is None:
            continue
        for event in record.events[start:]:
            watcher.see(event)
        verdict = watcher.say(later=timedelta(days=1))
        if isinstance(verdict, Undecided):
            assert expected()[name].get("undecidedAtTheEnd"), start
            continue
        assert verdict.cause == expected()[name]["cause"], start
