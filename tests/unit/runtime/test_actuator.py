"""Actions are done in order for one object, side by side for many, and again later when they fail."""

import asyncio
import logging
import time
from typing import Any

import pytest

from backgroundjob_operator.cluster.port import ClusterError, Refused, Unavailable
from backgroundjob_operator.engine.actions import (
    Action,
    CreateJob,
    DeleteBackgroundJob,
    DeleteJob,
    EmitEvent,
    ObjectKey,
    PatchStatus,
)
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.runtime.actuator import BACKOFF_SECONDS, Actuator
from backgroundjob_operator.runtime.metrics import Metrics
from model_cluster import NOON, ModelCluster

KEY = ObjectKey("default", "mail")
EVENT = EmitEvent(KEY, "uid", "Warning", "RetriesExhausted", "note", "end/0")


class Bench:
    """An actuator over the model cluster, with a sleep that only notes."""

    def __init__(self) -> None:
        self.cluster = ModelCluster()
        self.store = Store(lambda: NOON)
        self.metrics = Metrics()
        self.slept: list[float] = []
        self.idle_count = 0
        self.actuator = Actuator(self.cluster, self.store, self.metrics, self._idle, sleep=self._sleep)

    def _idle(self) -> None:
        self.idle_count += 1

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def do(self, *actions: Action) -> None:
        """Perform and wait."""
        self.actuator.submit(KEY, actions)
        await self.actuator.finish()


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_an_object_is_looked_at_again_when_its_actions_are_done(bench: Bench) -> None:
    await bench.do(EVENT)

    assert (bench.actuator.busy, bench.idle_count) == (set(), 1)
    assert KEY in bench.store.dirty


async def test_a_busy_object_takes_no_second_plan(bench: Bench) -> None:
    bench.actuator.submit(KEY, (EVENT,))

    with pytest.raises(RuntimeError, match="default/mail is busy"):
        bench.actuator.submit(KEY, (EVENT,))
    await bench.actuator.finish()


async def test_what_follows_a_failed_action_is_not_done(bench: Bench) -> None:
    bench.cluster.faults.append(("delete_job", Unavailable("away"), False))

    await bench.do(DeleteJob(KEY, "mail-1", "uid"), DeleteBackgroundJob(KEY, "uid"))

    assert bench.cluster.calls == ["delete_job"]


async def test_the_wait_grows_with_each_failure_in_a_row_and_starts_over_after_success(bench: Bench) -> None:
    for _ in range(9):
        bench.cluster.faults.append(("delete_job", Refused("quota"), False))
        await bench.do(DeleteJob(KEY, "mail-1", "uid"))
    await bench.do(DeleteJob(KEY, "mail-1", "uid"))
    bench.cluster.faults.append(("delete_job", Refused("quota"), False))
    await bench.do(DeleteJob(KEY, "mail-1", "uid"))

    assert bench.slept == [*BACKOFF_SECONDS, 30, 30, BACKOFF_SECONDS[0]]


async def test_retry_after_is_a_lower_bound_of_the_wait(bench: Bench) -> None:
    bench.cluster.faults.append(("delete_job", Unavailable("busy", 17), False))

    await bench.do(DeleteJob(KEY, "mail-1", "uid"))

    assert bench.slept == [17]


@pytest.mark.parametrize("error", [Unavailable("away"), Refused("forbidden")])
async def test_an_event_that_cannot_be_told_stands_in_nobodys_way(bench: Bench, error: ClusterError) -> None:
    bench.cluster.faults.append(("emit", error, False))

    await bench.do(EVENT, DeleteJob(KEY, "mail-1", "uid"))

    assert bench.cluster.calls == ["emit", "delete_job"]
    assert bench.slept == []


async def test_a_defect_on_one_object_is_told_waited_out_and_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def defect(*_: Any) -> None:
        raise KeyError("metadata")

    monkeypatch.setattr(bench.cluster, "patch_status", defect)
    caplog.set_level(logging.ERROR)

    await bench.do(PatchStatus(KEY, "1", {"state": "Running"}, "New→Running"))

    assert caplog.messages == ["default/mail an action failed for a reason nobody foresaw"]
    assert bench.slept == [BACKOFF_SECONDS[0]]
    assert b'backgroundjob_call_failures_total{error="KeyError"} 1.0' in bench.metrics.render()


async def test_closing_lets_a_call_under_way_finish(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    finished = asyncio.Event()

    async def slow(*_: Any) -> None:
        await asyncio.sleep(0.02)
        finished.set()

    monkeypatch.setattr(bench.cluster, "emit", slow)
    bench.actuator.submit(KEY, (EVENT,))
    await asyncio.sleep(0)

    assert await bench.actuator.close(1)

    assert finished.is_set()


async def test_closing_ends_a_wait_after_a_failure_at_once(bench: Bench) -> None:
    waiting = asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    bench.actuator = Actuator(bench.cluster, bench.store, bench.metrics, bench._idle, sleep=sleep)
    bench.cluster.faults.append(("delete_job", Unavailable("away"), False))
    bench.actuator.submit(KEY, (DeleteJob(KEY, "mail-1", "uid"),))
    await waiting.wait()
    start = time.monotonic()

    assert await bench.actuator.close(1)

    assert time.monotonic() - start < 0.5
    assert bench.actuator.busy == set()


async def test_closing_gives_up_a_call_that_does_not_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(bench.cluster, "emit", endless)
    bench.actuator.submit(KEY, (EVENT,))
    await asyncio.sleep(0)

    assert not await bench.actuator.close(0.01), "the call may still have its effect"

    assert bench.actuator.busy == set()


async def test_closing_knows_that_the_effect_of_a_create_is_not_known(bench: Bench) -> None:
    waiting = asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    bench.actuator = Actuator(bench.cluster, bench.store, bench.metrics, bench._idle, sleep=sleep)
    bench.cluster.faults.append(("create_job", Unavailable("no answer"), False))
    bench.actuator.submit(KEY, (CreateJob(KEY, {"metadata": {"name": "mail-1", "namespace": "shop"}}),))
    await waiting.wait()

    assert not await bench.actuator.close(1)
