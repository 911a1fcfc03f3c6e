"""A verdict once given never changes, however the events arrive and whenever the operator starts."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backgroundjob_operator.engine.outcome import Verdict
from endings import NODE_LOST_GRACE_SECONDS, Event, Recording, Watcher, expected, recording

NAMES = sorted(expected())

DECIDED_BY_A_SHORT_GRACE = {
    "20b-node-lost-run-ends-then-evicted": "the silent node brings a Succeeded receipt after the grace",
}
TWO_PODS_UNSEEN = {
    "07f-deadline-suspended": "resumed by somebody, and the second Pod is not seen yet",
}
"""One watch minutes behind the other, and a Job that somebody suspended: undecided again for a while."""


def essence(verdict: Verdict) -> tuple[object, ...]:
    return (verdict.outcome, verdict.cause, verdict.charged, verdict.never_started)


def replayed(
    events: list[Event], record: Recording, *, grace_seconds: int = NODE_LOST_GRACE_SECONDS
) -> Verdict | None:
    """The verdict after all events, having checked that no later event changed it."""
    watcher = Watcher(record.number)
    may_wait_again = record.name in TWO_PODS_UNSEEN
    first: Verdict | None = None
    for event in events:
        answer = watcher.see(event).say(grace_seconds=grace_seconds)
        if watcher.job is None:
            continue
        if first is not None and not (may_wait_again and not isinstance(answer, Verdict)):
            assert isinstance(answer, Verdict), f"{first} was withdrawn"
            assert essence(answer) == essence(first), f"{first.message} became {answer.message}"
        elif isinstance(answer, Verdict):
            first = answer
    return first


def final(name: str) -> Verdict | None:
    record = recording(name)
    return replayed(list(record.events), record)


@pytest.mark.parametrize("name", NAMES)
def test_no_prefix_of_a_recording_has_another_verdict_than_the_whole(name: str) -> None:
    final(name)


@pytest.mark.parametrize("grace_seconds", [5, 30])
@pytest.mark.parametrize("name", [name for name in NAMES if name not in DECIDED_BY_A_SHORT_GRACE])
def test_a_short_grace_brings_the_same_verdict_sooner(name: str, grace_seconds: int) -> None:
    record = recording(name)
    verdict = replayed(list(record.events), record, grace_seconds=grace_seconds)
    last = final(name)
    assert (verdict and essence(verdict)) == (last and essence(last))


@pytest.mark.parametrize("name", NAMES)
def test_between_two_events_time_alone_changes_no_verdict_of_a_recording(name: str) -> None:
    record = recording(name)
    last = final(name)
    watcher = Watcher(record.number)
    for event, following in zip(record.events, record.events[1:], strict=False):
        watcher.see(event)
        if watcher.job is None:
            continue
        answer = watcher.say(later=max(timedelta(), following.time - event.time))
        if isinstance(answer, Verdict):
            assert last is not None
            assert essence(answer) == essence(last)


def merged(record: Recording, job_first: list[bool]) -> list[Event]:
    """Both streams, each in order, interleaved as the choices say. The create's answer comes first."""
    jobs = [event for event in record.events if event.kind == "Job"]
    pods = [event for event in record.events if event.kind == "Pod"]
    result, jobs = jobs[:1], jobs[1:]
    for choice in job_first:
        if jobs and (choice or not pods):
            result.append(jobs.pop(0))
        elif pods:
            result.append(pods.pop(0))
    return [*result, *jobs, *pods]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("job_first", [True, False], ids=["all of the Job first", "all of the Pod first"])
def test_one_watch_far_behind_the_other_gives_the_same_verdict(name: str, job_first: bool) -> None:
    record = recording(name)
    verdict = replayed(merged(record, [job_first] * len(record.events)), record)
    last = final(name)
    assert (verdict and essence(verdict)) == (last and essence(last))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(NAMES), choices=st.lists(st.booleans(), max_size=40))
def test_any_interleaving_of_the_two_watches_gives_the_same_verdict(name: str, choices: list[bool]) -> None:
    record = recording(name)
    verdict = replayed(merged(record, choices), record)
    last = final(name)
    assert (verdict and essence(verdict)) == (last and essence(last))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(NAMES), data=st.data())
def test_skipped_and_repeated_events_never_flip_a_verdict(name: str, data: st.DataObject) -> None:
    # A watch may lose steps when it is opened again; what it lists then, it lists as it is now.
    record = recording(name)
    kept = [
        event
        for index, event in enumerate(record.events)
        for _ in range(data.draw(st.sampled_from((0, 1, 1, 2))) if 0 < index < len(record.events) - 4 else 1)
    ]
    replayed(kept, record)
