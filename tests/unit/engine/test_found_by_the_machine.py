"""What the state machine of tests/properties brought to light, and what seeded mutants break, plainly."""

from datetime import timedelta
from typing import Any

import pytest

from backgroundjob_operator.cluster.port import Unavailable
from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_operator.engine.record import format_time
from backgroundjob_runner.contract import FailureKind, ReceiptOutcome
from world import EMAIL, ENTRIES, World, settings


async def run_without_allow_list(retry: dict[str, int], **end: Any) -> tuple[World, ObjectKey]:
    """A first attempt that ended while a new life of the operator could not read the allow-list."""
    world = World()
    key = await world.apply(retry=retry)
    world.settings = settings(entries=None)
    world.start()
    world.cluster.end(world.cluster.created_jobs[0], **end)
    await world.settle()
    world.planner.change_settings(settings())
    await world.advance(100)
    return world, key


@pytest.mark.parametrize(
    ("retry", "end", "reason"),
    [
        pytest.param(
            {"maxAttempts": 1}, {"outcome": None, "exit_code": 3}, "RetriesExhausted", id="attempts"
        ),
        pytest.param({"maxAttempts": 3}, {"failure": FailureKind.FATAL}, "NotRetryable", id="fatal"),
    ],
)
async def test_an_end_without_allow_list_uses_up_the_budget_all_the_same(
    retry: dict[str, int], end: dict[str, Any], reason: str
) -> None:
    world, key = await run_without_allow_list(retry, **{"outcome": ReceiptOutcome.FAILED, **end})
    assert world.state(key) == ("Failed", reason)
    assert len(world.cluster.created_jobs) == 1


async def test_a_disruption_without_allow_list_uses_up_the_budget_all_the_same() -> None:
    world = World()
    key = await world.apply(retry={"maxDisruptions": 0})
    world.cluster.run(world.cluster.created_jobs[0])
    world.settings = settings(entries=None)
    world.start()
    world.cluster.remove("Job", "default", world.cluster.created_jobs[0])
    world.cluster.remove("Pod", "default", f"{world.cluster.created_jobs[0]}-pod")
    await world.settle()
    world.planner.change_settings(settings())
    await world.advance(100)
    assert world.state(key) == ("Failed", "DisruptionsExhausted")
    assert len(world.cluster.created_jobs) == 1


async def test_a_budget_that_is_lowered_below_what_was_used_ends_the_job() -> None:
    world = World()
    key = await world.apply()
    world.cluster.end(world.cluster.created_jobs[0], None, exit_code=3)
    await world.settle()
    assert world.state(key) == ("Retrying", "BackOff")
    entry = {"target": "jobs.email:EmailJob.send", "params": {"properties": {"to": {}}}}
    world.planner.change_settings(settings({"EmailJob.send": {**entry, "limits": {"maxAttempts": 1}}}))
    await world.advance(100)
    assert world.state(key) == ("Failed", "RetriesExhausted")
    assert len(world.cluster.created_jobs) == 1


async def test_nothing_is_remembered_of_the_jobs_of_an_object_that_is_gone() -> None:
    world = World()
    key = await world.apply()
    [job] = world.cluster.created_jobs
    world.cluster.run(job)
    await world.settle()
    world.cluster.remove("BackgroundJob", key.namespace, key.name)
    await world.settle()
    world.cluster.finish(job, failed=True)
    world.cluster.remove("Job", key.namespace, job)
    world.cluster.remove("Pod", key.namespace, f"{job}-pod")
    await world.settle()
    assert (world.store._jobs, world.store._pods, world.store._owner_of_job) == ({}, {}, {})


async def test_a_slot_is_kept_while_it_is_unknown_whether_the_create_took_effect() -> None:
    """The answer was lost and the watch is late: another claim, even a better one, must not slip in."""
    world = World(with_settings=settings(limits={"concurrency": 1}))
    world.cluster.faults.append(("create_job", Unavailable("connection reset"), True))
    world.cluster.apply("first", EMAIL)
    world.deliver()
    await turn(world)
    world.cluster.watch.clear()  # the watch of Jobs says nothing yet
    world.cluster.apply("better", {**EMAIL, "priority": "high"})
    world.deliver()
    await turn(world)
    assert len(world.cluster.created_jobs) == 1


async def test_what_runs_under_an_entry_that_is_gone_counts_in_its_own_queue() -> None:
    topics: dict[str, Any] = {"queues": {"mail": {"concurrency": 1}}}
    other = {
        "EmailJob.other": {
            "target": "jobs.email:EmailJob.other",
            "params": ENTRIES["EmailJob.send"]["params"],
        }
    }
    world = World(with_settings=settings({**ENTRIES, **other}, **topics))
    world.cluster.apply("first", {**EMAIL, "queue": "mail"})
    await world.settle()
    world.planner.change_settings(settings(other, **topics))
    world.cluster.apply("second", {**EMAIL, "method": "other", "queue": "mail"})
    await world.settle()
    assert len(world.cluster.created_jobs) == 1


async def test_a_slot_is_held_from_the_create_on_however_late_the_watch_is() -> None:
    world = World(with_settings=settings(limits={"concurrency": 1}))
    world.cluster.apply("first", EMAIL)
    world.deliver()
    await turn(world)
    for _ in range(3):
        world.cluster.apply(f"better-{len(world.cluster.calls)}", {**EMAIL, "priority": "high"})
        world.cluster.watch = [event for event in world.cluster.watch if event[0] == "BackgroundJob"]
        world.deliver()
        await turn(world)
    assert world.cluster.calls == ["create_job"]


async def test_an_eviction_uses_up_no_attempt() -> None:
    world = World()
    key = await world.apply(retry={"maxAttempts": 1})
    [job] = world.cluster.created_jobs
    world.cluster.run(job)
    await world.settle()
    world.cluster.end_pod(job, None, exit_code=143)
    world.cluster.watch.clear()  # the end and its cause are one event
    pod = world.cluster.objects["Pod"]["default", f"{job}-pod"]
    pod["status"]["conditions"] = [
        {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    ]
    pod["metadata"]["deletionTimestamp"] = format_time(world.cluster.now)
    world.cluster._store("Pod", pod, "MODIFIED")
    world.cluster.finish(job, failed=True)
    await world.settle()
    [attempt] = world.cluster.status(key)["attempts"]
    assert (attempt["cause"], attempt["charged"]) == ("Evicted", False)
    assert world.state(key) == ("Retrying", "BackOff")


async def test_an_end_is_never_overwritten() -> None:
    """Whatever comes later: a cancel, the end of the entry, the deletion of the Job, a new life."""
    world = World()
    key = await world.apply()
    world.cluster.end(world.cluster.created_jobs[0])
    await world.settle()
    before = world.cluster.status(key)
    world.cluster.edit(key, cancel=True)
    world.planner.change_settings(settings({}))
    world.cluster.remove("Job", "default", world.cluster.created_jobs[0])
    await world.advance(30)
    world.start()
    await world.settle()
    assert world.cluster.status(key) == before
    assert "patch_status" not in world.cluster.calls[2:]


async def test_a_new_life_waits_for_a_pod_whose_job_was_deleted() -> None:
    """The Job went while nobody watched; its pod has its grace period, and its code still runs."""
    world = World()
    key = await world.apply(retry={"maxDisruptions": 1})
    [job] = world.cluster.created_jobs
    world.cluster.run(job)
    await world.settle()
    world.cluster.remove("Job", "default", job)
    pod = world.cluster.objects["Pod"]["default", f"{job}-pod"]
    pod["metadata"]["deletionTimestamp"] = format_time(world.cluster.now + timedelta(seconds=30))
    world.cluster._store("Pod", pod, "MODIFIED")
    world.start()
    await world.advance(25)
    assert world.state(key) == ("Running", "Stopping")
    world.cluster.remove("Pod", "default", f"{job}-pod")
    await world.advance(400)
    assert world.cluster.status(key)["attempts"][0]["cause"] == "JobDeleted"
    assert len(world.cluster.created_jobs) == 2


async def turn(world: World) -> None:
    """One plan, acted on; no news arrives but the answers."""
    for key, actions in world.planner.plan(world.cluster.now, world.actuator.busy).items():
        world.actuator.submit(key, actions)
    await world.actuator.finish()


async def test_what_stayed_for_its_dependents_goes_when_the_last_of_them_has_ended() -> None:
    world = World()
    first = world.cluster.apply("first", {**EMAIL, "method": "missing", "ttlSecondsAfterFinished": 0})
    world.cluster.apply("second", {**EMAIL, "dependsOn": [{"name": "first", "condition": "Succeeded"}]})
    await world.settle()
    assert (first.namespace, first.name) not in world.cluster.objects["BackgroundJob"]


async def test_an_object_that_closes_a_circle_is_news_for_everybody_on_it() -> None:
    world = World()
    await world.apply("first", dependsOn=[{"name": "second"}])
    await world.apply("second", dependsOn=[{"name": "third"}])
    world.cluster.apply("third", {**EMAIL, "dependsOn": [{"name": "first"}]})
    world.deliver()
    planned = world.planner.plan(world.cluster.now, set())
    assert {key.name for key in planned} == {"first", "second", "third"}
