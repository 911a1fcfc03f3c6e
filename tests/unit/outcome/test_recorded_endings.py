"""Every recorded ending, classified at its end, and at every moment on the way there."""

from datetime import timedelta

import pytest

from backgroundjob_operator.engine.outcome import Undecided, Verdict
from endings import ENDINGS, Watcher, expected, recording

NAMES = sorted(expected())
ENDED = [name for name in NAMES if not expected()[name].get("undecidedAtTheEnd")]


def watched(name: str) -> Watcher:
    record = recording(name)
    watcher = Watcher(record.number)
    for event in record.events:
        watcher.see(event)
    return watcher


def essence(verdict: Verdict) -> dict[str, object]:
    return {
        "outcome": verdict.outcome,
        "cause": verdict.cause,
        "charged": verdict.charged,
        "neverStarted": verdict.never_started,
    }


def wanted(name: str) -> dict[str, object]:
    return {key: expected()[name][key] for key in ("outcome", "cause", "charged", "neverStarted")}


def test_every_recording_has_an_expectation() -> None:
    recorded = {path.name for path in ENDINGS.iterdir() if path.is_dir()}
    assert len(recorded) == 96
    assert {name.partition("/")[0] for name in NAMES} == recorded


@pytest.mark.parametrize("name", ENDED)
def test_the_end_of_a_recording_gives_the_expected_verdict(name: str) -> None:
    verdict = watched(name).say()
    assert isinstance(verdict, Verdict), verdict
    assert essence(verdict) == wanted(name), verdict.message


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ENDED])
def test_what_still_runs_is_undecided_and_decided_by_silence_where_expected(name: str) -> None:
    watcher = watched(name)
    assert isinstance(watcher.say(), Undecided)
    later = watcher.say(later=timedelta(days=1))
    if expected()[name]["outcome"] is None:
        assert isinstance(later, Undecided)
    else:
        assert isinstance(later, Verdict)
        assert essence(later) == wanted(name)
        assert not later.process_ended
