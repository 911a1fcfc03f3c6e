"""Lost answers, conflicts, missed events and crashes: nothing is lost, nothing runs twice."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backgroundjob.api import labels
from backgroundjob_operator.cluster.port import ClusterError, Conflict, NotFound, Refused, Unavailable
from backgroundjob_runner.contract import ReceiptOutcome
from model_cluster import ModelCluster
from world import EMAIL, World, settings


async def test_a_create_whose_answer_was_lost_is_adopted_not_repeated() -> None:
    world = World()
    world.cluster.faults.append(("create_job", Unavailable("connection reset"), True))
    key = await world.apply()
    assert len(world.cluster.created_jobs) == 1
    world.cluster.end(world.cluster.created_jobs[0])
    await world.settle()
    assert world.state(key) == ("Succeeded", "Completed")


async def test_a_create_that_failed_is_tried_again_under_the_same_name() -> None:
    world = World()
    world.cluster.faults += [("create_job", Unavailable("503"), False)] * 3
    await world.apply()
    assert len(world.cluster.created_jobs) == 1


async def test_a_status_write_in_conflict_reads_once_and_writes_again() -> None:
    world = World()
    key = await world.apply()
    world.cluster.end(world.cluster.created_jobs[0])
    world.deliver()
    world.cluster.edit(key, ttlSecondsAfterFinished=5)
    world.cluster.watch.clear()  # the watch is late: only the conflict tells
    await world.settle()
    assert world.state(key) == ("Succeeded", "Completed")
    assert world.cluster.calls == ["create_job", "patch_status", "get_background_job", "patch_status"]


async def test_an_object_deleted_under_a_status_write_is_forgotten() -> None:
    world = World()
    key = await world.apply()
    world.cluster.end(world.cluster.created_jobs[0])
    world.deliver()
    world.cluster.remove("BackgroundJob", key.namespace, key.name)
    world.cluster.watch.clear()
    await world.settle()
    assert world.store.records == {}


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda job: job["ownerReferences"][0].update(uid="somebody else"), id="another owner"),
        # Admission lets only the operator set this label; without it the pods would not be seen either.
        pytest.param(lambda job: job["labels"].pop(labels.UID_LABEL), id="our owner, but not our label"),
    ],
)
async def test_a_job_of_the_computed_name_that_belongs_to_another_is_never_adopted(
    forge: Callable[[dict[str, Any]], object],
) -> None:
    world = World()
    world.cluster.apply("mail", EMAIL)
    world.deliver()
    [actions] = world.planner.plan(world.cluster.now, set()).values()
    [create] = actions
    await world.actuator._performer.perform(create)
    [job] = world.cluster.objects["Job"].values()
    forge(job["metadata"])
    with pytest.raises(Refused, match="belongs to something else; delete it"):
        await world.actuator._performer.perform(create)


async def test_an_event_that_cannot_be_told_does_not_stop_the_status() -> None:
    world = World()
    world.cluster.faults.append(("emit", Refused("events are forbidden"), False))
    key = await world.apply(method="nothing")
    assert world.state(key) == ("Rejected", "NotAllowed")


async def test_a_list_that_lacks_an_object_deletes_it_unless_it_is_newer() -> None:
    world = World()
    old = await world.apply("old")
    list_version = world.cluster.version
    new = await world.apply("new")
    world.store.replace_background_jobs([], list_version)
    assert set(world.store.records) == {new}
    assert old not in world.store.records


async def test_a_job_created_after_a_list_was_taken_is_not_taken_for_deleted() -> None:
    world = World()
    list_version = world.cluster.version
    key = await world.apply()
    world.store.replace_jobs([], list_version)
    await world.settle()
    assert world.state(key) == (None, None)
    assert len(world.cluster.created_jobs) == 1


async def test_an_older_version_never_replaces_a_newer_one() -> None:
    world = World()
    key = world.cluster.apply("mail", EMAIL)
    old = dict(world.cluster.watch[0][2])
    await world.settle()
    world.cluster.end(world.cluster.created_jobs[0])
    await world.settle()
    world.store.apply_background_job("MODIFIED", old)
    assert world.store.records[key].has_ended


CRASH_POINTS = ["create_job", "patch_status", "emit", "delete_job"]


@pytest.mark.parametrize("call", CRASH_POINTS)
@pytest.mark.parametrize("takes_effect", [True, False], ids=["after the effect", "before the effect"])
@pytest.mark.parametrize("nth", [0, 1, 2])
async def test_a_crash_at_any_call_converges_with_one_job_per_attempt(
    call: str, takes_effect: bool, nth: int
) -> None:
    cluster = ModelCluster()
    world = World(cluster)
    key = cluster.apply("mail", {**EMAIL, "retry": {"delaySeconds": 1, "maxAttempts": 3}})
    for life in range(12):
        await _live_until(world, (call, takes_effect) if life == nth else None)
        for job in cluster.jobs_of(key):
            if not cluster._job(job).get("status"):
                cluster.end(job, None, exit_code=3)
        world.start()
        await world.advance(30)
    assert world.state(key) == ("Failed", "RetriesExhausted")
    assert len(cluster.created_jobs) == len(set(cluster.created_jobs)) == 3


async def _live_until(world: World, crash: tuple[str, bool] | None) -> None:
    """One turn of a life; with `crash` it ends at that call, before or after the effect."""
    if crash is not None:
        call, takes_effect = crash
        error = NotFound("crash") if call == "delete_job" else Unavailable("crash")
        world.cluster.faults.append((call, error, takes_effect))
    world.deliver()
    for actions in world.planner.plan(world.cluster.now, set()).values():
        try:
            for action in actions:
                await world.actuator._performer.perform(action)
        except ClusterError:
            return  # this life ends here, between two actions


@given(st.data())
def test_any_order_of_lives_ends_and_news_converges(data: st.DataObject) -> None:
    """Random ends, crashes, edits and lost answers: limits hold, attempts are charged right, all ends."""
    asyncio.run(_random_history(data))


async def _random_history(data: st.DataObject) -> None:
    world = World(with_settings=settings(limits={"concurrency": 2}))
    keys = [
        world.cluster.apply(f"mail-{n}", {**EMAIL, "retry": {"delaySeconds": 1, "maxAttempts": 2}})
        for n in range(4)
    ]
    errors = st.sampled_from([Unavailable("lost"), Conflict("stale")])
    for _ in range(data.draw(st.integers(0, 25))):
        match data.draw(st.sampled_from(["settle", "end", "crash", "fault", "edit", "advance"])):
            case "settle":
                await world.settle()
            case "end":
                await _end_one(world, data)
            case "crash":
                world.start()
            case "fault":
                call = data.draw(st.sampled_from(["create_job", "patch_status"]))
                error = data.draw(errors) if call == "patch_status" else Unavailable("lost")
                world.cluster.faults.append(
                    (call, error, data.draw(st.booleans()) and not isinstance(error, Conflict))
                )
            case "edit":
                key = data.draw(st.sampled_from(keys))
                world.cluster.edit(key, ttlSecondsAfterFinished=data.draw(st.integers(10_000, 20_000)))
            case "advance":
                await world.advance(data.draw(st.integers(1, 5)))
        unfinished = [job for job in world.cluster.objects["Job"].values() if not job.get("status")]
        assert len(unfinished) <= 2
    world.cluster.faults.clear()
    for _ in range(40):
        await _end_one(world, None)
        await world.advance(5)
    for key in keys:
        status = world.cluster.status(key)
        assert status["state"] in ("Succeeded", "Failed")
        assert status["attemptCount"] <= 2
    assert len(world.cluster.created_jobs) == len(set(world.cluster.created_jobs))
    world.start()
    assert world.planner.plan(world.cluster.now, set()) == {}


async def _end_one(world: World, data: st.DataObject | None) -> None:
    open_jobs = [
        job["metadata"]["name"] for job in world.cluster.objects["Job"].values() if not job.get("status")
    ]
    if not open_jobs:
        return
    name = data.draw(st.sampled_from(open_jobs)) if data else open_jobs[0]
    if data and data.draw(st.booleans()):
        world.cluster.end(name, None, exit_code=1)
    else:
        world.cluster.end(name, ReceiptOutcome.SUCCEEDED)
    await world.settle()
