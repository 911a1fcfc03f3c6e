"""The answer to `why`: the limit, the position, the estimate and what it rests on."""

from typing import Any

import pytest

from backgroundjob_operator.engine.actions import ObjectKey
from model_cluster import ModelCluster
from world import EMAIL, World, settings


async def world_with_runs(runs: int, seconds: float, **topics: Any) -> World:
    """A world in which that many runs of EmailJob.send took that long each."""
    world = World(with_settings=settings(**topics))
    for number in range(runs):
        await world.apply(f"past-{number}")
        job = world.cluster.created_jobs[-1]
        world.cluster.run(job)
        await world.advance(seconds)
        world.cluster.end(job)
        await world.settle()
    return world


def sentence(world: World, key: ObjectKey) -> str:
    answer = world.planner.explain(key, world.cluster.now)
    assert answer is not None
    return answer.sentence


async def test_position_limit_estimate_and_basis_in_one_sentence() -> None:
    world = await world_with_runs(4, 10, queues={"mail": {"concurrency": 2}})
    keys = [world.cluster.apply(f"mail-{n}", {**EMAIL, "queue": "mail"}) for n in range(6)]
    await world.settle()
    for job in world.cluster.created_jobs[-2:]:
        world.cluster.run(job)
    await world.advance(4)
    # Two run for 4 s of 10 s, three go first: (2 * 6 + 3 * 10) / 2 slots = 21 s.
    assert sentence(world, keys[5]) == (
        "mail-5 waits: 3 ahead in queue mail, limit 2, about 21s by the last 4 runs"
    )


async def test_without_a_run_there_is_no_estimate() -> None:
    world = World(with_settings=settings(limits={"concurrency": 1}))
    await world.apply("first")
    key = await world.apply("second")
    assert sentence(world, key) == "second waits: 0 ahead in the cluster, limit 1, no estimate yet"


async def test_a_paused_queue_has_no_estimate() -> None:
    world = await world_with_runs(1, 10, queues={"mail": {"paused": True}})
    key = await world.apply("mail", queue="mail")
    assert sentence(world, key) == "mail waits: 0 ahead in queue mail, limit 0, no estimate yet"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"delaySeconds": 60}, "job is Waiting (NotYetDue): starts at", id="delayed"),
        pytest.param({"suspend": True}, "job is Waiting (Suspended): spec.suspend is true", id="suspended"),
        pytest.param({"params": {}}, "job is Rejected (InvalidParams): params.to is missing", id="rejected"),
    ],
)
async def test_what_no_limit_holds_back_is_told_by_its_status(spec: dict[str, object], expected: str) -> None:
    world = World()
    key = await world.apply("job", **spec)
    assert sentence(world, key).startswith(expected)


async def test_the_last_50_runs_count_and_survive_a_new_life() -> None:
    world = await world_with_runs(60, 2, limits={"concurrency": 1})
    world.start()
    await world.settle()
    typical = world.planner.history.typical("EmailJob.send")
    assert typical is not None
    assert (typical.seconds, typical.runs) == (2, 50)


async def test_asking_writes_nothing_and_changes_no_plan() -> None:
    world = await world_with_runs(1, 10, limits={"concurrency": 1})
    await world.apply("first")
    key = await world.apply("second")
    calls = list(world.cluster.calls)
    sentence(world, key)
    await world.settle()
    assert world.cluster.calls == calls
    assert isinstance(world.cluster, ModelCluster)


async def test_an_unknown_object_has_no_answer() -> None:
    world = World()
    assert world.planner.explain(ObjectKey("default", "nobody"), world.cluster.now) is None
