"""Nested submissions, running loops, threads, and what people do between attempts."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from backgroundjob import use_backend
from backgroundjob_operator.local.inline import InlineBackend
from inline_jobs import InlineJob, calls, setting


def test_a_submission_from_inside_a_job_runs_after_it(inline: InlineBackend) -> None:
    InlineJob.nested.later(depth=2)
    assert calls == ["begin 2", "end 2", "begin 1", "end 1", "begin 0", "end 0"]
    assert {document["status"]["state"] for document in inline.list(None)} == {"Succeeded"}


def test_a_submission_from_threads_of_a_job_runs_after_it(inline: InlineBackend) -> None:
    InlineJob.fan_out.later(count=3)
    assert calls[0] == "joined"
    assert sorted(calls[1:]) == ["0", "1", "2"]


def test_a_job_can_neither_run_others_nor_move_the_clock(
    inline: InlineBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(_self: InlineJob) -> None:
        InlineJob.note.later(text="nested")
        inline.run_until_idle()
        with pytest.raises(RuntimeError, match="inside a job"):
            inline.advance(1)
        calls.append("end")

    monkeypatch.setattr(vars(InlineJob)["give_up"], "function", give_up)
    assert InlineJob.give_up.later().state == "Succeeded"
    assert calls == ["end", "nested"]


def test_an_async_method_runs(inline: InlineBackend) -> None:
    assert InlineJob.wait.later(seconds=0).result == "unset"


def test_an_async_method_leaves_the_loop_that_the_caller_has_set(inline: InlineBackend) -> None:
    mine = asyncio.new_event_loop()
    asyncio.set_event_loop(mine)
    try:
        InlineJob.wait.later(seconds=0)
        assert asyncio.get_event_loop() is mine
    finally:
        asyncio.set_event_loop(None)
        mine.close()


@pytest.mark.parametrize("run", ["run_until_idle", "advance", "changes"])
def test_who_ran_jobs_runs_what_came_at_the_very_end(
    inline: InlineBackend, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    do: dict[str, Callable[[], object]] = {
        "run_until_idle": inline.run_until_idle,
        "advance": lambda: inline.advance(0),
        "changes": lambda: list(inline.changes(None)),
    }

    def submit_elsewhere(step: Callable[..., bool]) -> Callable[..., bool]:
        def stepped(*arguments: Any) -> bool:
            more = step(*arguments)
            if not more and not submitted:
                submitted.append(True)
                thread = threading.Thread(target=lambda: InlineJob.note.using(backend=inline).later(text="a"))
                thread.start()
                thread.join()
            return more

        return stepped

    submitted: list[bool] = []
    for name in ("step_or_jump", "advance_to"):
        monkeypatch.setattr(inline._engine, name, submit_elsewhere(getattr(inline._engine, name)))
    do[run]()
    assert (submitted, calls) == ([True], ["a"])


async def test_an_async_method_runs_inside_a_running_loop(inline: InlineBackend) -> None:
    setting.set("by the caller")
    handle = InlineJob.wait.later(seconds=0)
    assert handle.result == "by the caller"
    assert calls == [handle.name]
    await asyncio.sleep(0)  # the caller's loop is as it was


async def test_typed_jobs_can_be_awaited(inline: InlineBackend) -> None:
    handle = await InlineJob.note.aio.later(text="a")
    assert await handle.aio.result() == "hello a"


def test_threads_that_submit_at_the_same_time_all_get_their_result() -> None:
    backend = InlineBackend()
    results: list[str] = []

    def work(number: int) -> None:
        handle = InlineJob.note.using(backend=backend).later(text=str(number))
        results.append(handle.wait(timeout=20).result)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [f"hello {number}" for number in range(8)]
    assert sorted(calls) == [str(number) for number in range(8)]


def test_people_act_between_attempts(waiting: InlineBackend) -> None:
    handle = InlineJob.fail.later(times=1)
    handle.suspend()
    waiting.advance("1d")
    assert (handle.refresh().reason, calls) == ("Suspended", [])
    handle.resume()
    waiting.advance(0)
    assert (handle.refresh().state, calls) == ("Retrying", [1])
    handle.cancel()
    waiting.advance(0)
    assert handle.refresh().state == "Cancelled"
    handle.retry()
    waiting.run_until_idle()
    assert (handle.refresh().result, calls) == (2, [1, 2])


def test_acting_runs_what_can_run_then(inline: InlineBackend) -> None:
    held = InlineJob.note.using(depends_on=["first"]).later(text="second")
    handle = InlineJob.fail.using(name="first", retries=0).later(times=1)
    assert handle.state == "Failed"
    assert held.refresh().reason == "DependencyFailed"
    handle.retry()
    assert handle.refresh().result == 2
    handle.delete()
    assert [document["metadata"]["name"] for document in inline.list(None)] == [held.name]


def test_the_switch_takes_inline_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKGROUNDJOB_BACKEND", "inline")
    assert InlineJob.note.later(text="a").result == "hello a"
    with use_backend(InlineBackend()) as other:
        assert InlineJob.note.later(text="b").document in other.list(None)
