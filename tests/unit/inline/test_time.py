"""The virtual clock: hours pass in milliseconds, and to the second as the plan says."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from backgroundjob import NotFound
from backgroundjob.planning import plan_of
from backgroundjob_operator.local.inline import InlineBackend
from inline_jobs import InlineJob, calls

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def test_hours_of_back_off_pass_at_once_and_to_the_second_as_planned(inline: InlineBackend) -> None:
    began = time.monotonic()
    handle = InlineJob.fail.later(times=3)
    assert handle.done
    assert handle.result == 4
    assert calls == [1, 2, 3, 4]
    starts = [attempt["startTime"] for attempt in handle.document["status"]["attempts"]]
    planned = plan_of(handle.document, "default", inline.settings()).attempts
    assert [datetime.fromisoformat(text) for text in starts] == [NOON + one.start.earliest for one in planned]
    assert inline.now == NOON + planned[-1].start.earliest
    assert inline.now > NOON + timedelta(hours=1)
    assert time.monotonic() - began < 5


def test_advancing_runs_what_becomes_due_on_the_way_and_no_more(waiting: InlineBackend) -> None:
    for hours in (3, 1, 2):
        InlineJob.note.using(delay=f"{hours}h").later(text=f"{hours}")
    waiting.advance("2h")
    assert calls == ["1", "2"]
    assert waiting.now == NOON + timedelta(hours=2)
    waiting.advance(timedelta(minutes=59))
    assert calls == ["1", "2"]
    waiting.advance(60)
    assert calls == ["1", "2", "3"]


def test_retry_later_is_tried_again_when_it_says(waiting: InlineBackend) -> None:
    handle = InlineJob.later.later(seconds=5000)
    waiting.advance(4999)
    assert handle.refresh().state == "Retrying"
    waiting.advance(1)
    assert handle.refresh().result == "done"


def test_a_deadline_ends_what_its_retries_would_not(inline: InlineBackend) -> None:
    handle = InlineJob.fail.using(deadline=1800).later(times=9)
    assert (handle.state, handle.reason) == ("Failed", "DeadlineExceeded")
    assert inline.now == NOON + timedelta(seconds=1800)


def test_what_waits_for_something_that_never_comes_stays_as_it_is(inline: InlineBackend) -> None:
    handle = InlineJob.note.using(depends_on=["nobody"]).later(text="never")
    assert (handle.state, handle.reason) == ("Waiting", "WaitingForDependencies")
    assert inline.now - NOON < timedelta(minutes=1)


def test_finished_jobs_stay_until_the_clock_is_moved_past_their_time(inline: InlineBackend) -> None:
    handle = InlineJob.note.using(ttl=60).later(text="a")
    inline.run_until_idle()
    assert handle.refresh().done
    inline.advance(61)
    with pytest.raises(NotFound):
        handle.refresh()
    assert [inline.objects.list(kind) for kind in ("Job", "Pod", "Event")] == [(), (), ()]


def test_jobs_of_failures_go_by_their_own_time(inline: InlineBackend) -> None:
    InlineJob.give_up.later()
    inline.advance("2d")
    assert inline.objects.list("Job") == ()


def test_a_job_whose_time_to_live_ended_before_its_submission_did_has_its_result(
    inline: InlineBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(_self: InlineJob) -> str:
        InlineJob.note.using(delay="1h").later(text="in an hour")
        return "done"

    monkeypatch.setattr(vars(InlineJob)["give_up"], "function", give_up)
    handle = InlineJob.give_up.using(ttl="1m").later()
    assert (handle.state, calls) == ("Succeeded", ["in an hour"])
    assert handle.document["status"]["result"] == "done"
