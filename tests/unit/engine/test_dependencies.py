"""dependsOn: chains, ends that break them, cycles, and objects that come later."""

from typing import Any

import pytest

from backgroundjob_operator.engine.actions import ObjectKey
from world import EMAIL, World


def on(*names: str, condition: str = "Succeeded") -> dict[str, Any]:
    return {**EMAIL, "dependsOn": [{"name": name, "condition": condition} for name in names]}


@pytest.fixture
def world() -> World:
    return World()


def end_newest(world: World, **end: Any) -> None:
    world.cluster.end(world.cluster.created_jobs[-1], **end)


async def test_a_chain_runs_one_after_the_other(world: World) -> None:
    keys = [
        world.cluster.apply("c", on("b")),
        world.cluster.apply("b", on("a")),
        world.cluster.apply("a", EMAIL),
    ]
    await world.settle()
    assert world.state(keys[0]) == ("Waiting", "WaitingForDependencies")
    for _ in range(3):
        end_newest(world)
        await world.settle()
    assert [name[0] for name in world.cluster.created_jobs] == ["a", "b", "c"]
    assert {world.state(key) for key in keys} == {("Succeeded", "Completed")}


async def test_a_failed_dependency_fails_the_whole_chain(world: World) -> None:
    world.cluster.apply("a", {**EMAIL, "retry": {"maxAttempts": 1}})
    b, c = world.cluster.apply("b", on("a")), world.cluster.apply("c", on("b"))
    await world.settle()
    end_newest(world, outcome=None, exit_code=1)
    await world.settle()
    assert world.state(b) == world.state(c) == ("Failed", "DependencyFailed")
    assert "depends on a, which ended Failed (RetriesExhausted)" in world.cluster.status(b)["message"]
    assert len(world.cluster.created_jobs) == 1


async def test_finished_is_content_with_any_end(world: World) -> None:
    world.cluster.apply("a", {**EMAIL, "retry": {"maxAttempts": 1}})
    b = world.cluster.apply("b", on("a", condition="Finished"))
    await world.settle()
    end_newest(world, outcome=None, exit_code=1)
    await world.settle()
    assert len(world.cluster.jobs_of(b)) == 1


@pytest.mark.parametrize("size", [2, 3, 5])
async def test_a_cycle_ends_all_that_are_in_it(world: World, size: int) -> None:
    keys = [world.cluster.apply(f"j{n}", on(f"j{(n + 1) % size}")) for n in range(size)]
    await world.settle()
    states = [world.state(key) for key in keys]
    assert ("Failed", "DependencyCycle") in states
    assert set(states) <= {("Failed", "DependencyCycle"), ("Failed", "DependencyFailed")}
    assert world.cluster.created_jobs == []


async def test_a_dependency_may_be_created_later(world: World) -> None:
    b = world.cluster.apply("b", on("a"))
    await world.settle()
    assert "a does not exist (yet)" in world.cluster.status(b)["message"]
    world.cluster.apply("a", EMAIL)
    await world.settle()
    end_newest(world)
    await world.settle()
    assert len(world.cluster.jobs_of(b)) == 1


async def test_waiting_costs_one_write_whatever_happens_to_others(world: World) -> None:
    world.cluster.apply("b", on("a", "z"))
    await world.settle()
    world.cluster.apply("a", EMAIL)
    await world.settle()
    end_newest(world)
    await world.settle()
    writes = [call for call in world.cluster.calls if call == "patch_status"]
    assert len(writes) == 2  # the wait of b, and the outcome of a


async def test_a_dependency_stays_until_its_dependents_have_read_its_end(world: World) -> None:
    a = world.cluster.apply("a", {**EMAIL, "ttlSecondsAfterFinished": 10})
    world.cluster.apply("b", {**on("a"), "delaySeconds": 100})
    await world.settle()
    end_newest(world)
    await world.advance(90)
    assert exists(world, a)
    await world.advance(20)
    end_newest(world)
    await world.advance(130)
    assert not exists(world, a)


async def test_a_retry_does_not_ask_again(world: World) -> None:
    a = world.cluster.apply("a", EMAIL)
    b = world.cluster.apply("b", {**on("a"), "retry": {"delaySeconds": 1}})
    await world.settle()
    end_newest(world)
    await world.settle()
    end_newest(world, outcome=None, exit_code=1)
    world.cluster.remove("BackgroundJob", a.namespace, a.name)
    await world.advance(10)
    assert len(world.cluster.jobs_of(b)) == 2


async def test_a_restart_after_a_repaired_dependency_runs(world: World) -> None:
    a = world.cluster.apply("a", {**EMAIL, "retry": {"maxAttempts": 1}})
    b = world.cluster.apply("b", on("a"))
    await world.settle()
    end_newest(world, outcome=None, exit_code=1)
    await world.settle()
    world.cluster.edit(a, restarts=1)
    await world.settle()
    end_newest(world)
    await world.settle()
    world.cluster.edit(b, restarts=1)
    await world.settle()
    assert len(world.cluster.jobs_of(b)) == 1


def exists(world: World, key: ObjectKey) -> bool:
    return (key.namespace, key.name) in world.cluster.objects["BackgroundJob"]
