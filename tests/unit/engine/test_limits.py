"""Each limit on its own, and the narrowest one told first."""

from dataclasses import replace
from typing import Any

import pytest

from backgroundjob.api.config import OperatorConfig, parse_config
from backgroundjob_operator.engine.usage import Hold, Place, Usage
from world import EMAIL, ENTRIES, World, settings

PLACE = Place(namespace="shop", queue="mail", method="EmailJob.send")


def config(**topics: Any) -> OperatorConfig:
    return parse_config({"profiles": {"default": {"image": "runner:1"}}, **topics})


@pytest.mark.parametrize(
    ("place", "topics", "reason", "limit"),
    [
        pytest.param(PLACE, {"limits": {"concurrency": 2}}, "GlobalLimit", 2, id="global"),
        pytest.param(PLACE, {"limits": {"namespaceConcurrency": 2}}, "NamespaceLimit", 2, id="namespace"),
        pytest.param(PLACE, {"queues": {"mail": {"concurrency": 2}}}, "QueueLimit", 2, id="queue"),
        pytest.param(PLACE, {"queues": {"mail": {"paused": True}}}, "QueuePaused", 0, id="paused"),
        pytest.param(replace(PLACE, method_limit=2), {}, "ClassLimit", 2, id="entry"),
        pytest.param(replace(PLACE, concurrency_key="k"), {}, "ConcurrencyKeyBusy", 1, id="concurrency key"),
    ],
)
def test_a_limit_that_is_reached_holds_back(
    place: Place, topics: dict[str, Any], reason: str, limit: int
) -> None:
    usage = Usage()
    usage.add(place)
    usage.add(place)
    hold = usage.hold(place, config(**topics))
    assert hold is not None
    assert (hold.reason, hold.limit) == (reason, limit)


def test_what_ends_gives_its_place_back_everywhere() -> None:
    usage, place = Usage(), replace(PLACE, method_limit=1, concurrency_key="k")
    one = config(limits={"concurrency": 1, "namespaceConcurrency": 1}, queues={"mail": {"concurrency": 1}})
    usage.add(place)
    assert usage.hold(place, one) is not None
    usage.remove(place)
    assert usage.hold(place, one) is None


def test_a_concurrency_key_counts_in_its_namespace_alone() -> None:
    usage, place = Usage(), replace(PLACE, concurrency_key="customer-42")
    usage.add(place)
    assert isinstance(usage.hold(place, config()), Hold)
    assert usage.hold(replace(place, namespace="other"), config()) is None
    assert usage.hold(replace(place, concurrency_key="customer-43"), config()) is None


async def test_a_full_queue_lets_others_pass() -> None:
    world = World(with_settings=settings(queues={"mail": {"concurrency": 1}}))
    for number in range(3):
        world.cluster.apply(f"mail-{number}", {**EMAIL, "queue": "mail", "priority": "high"})
    other = world.cluster.apply("other", {**EMAIL, "priority": "low"})
    await world.settle()
    assert len(world.cluster.created_jobs) == 2
    assert len(world.cluster.jobs_of(other)) == 1
    await world.advance(3)
    states = {world.state(key) for key in world.store.records if key != other}
    assert states == {(None, None), ("Queued", "QueueLimit")}


async def test_a_paused_queue_starts_nothing_and_goes_on_when_resumed() -> None:
    world = World(with_settings=settings(queues={"mail": {"paused": True}}))
    key = await world.apply(queue="mail")
    await world.advance(3)
    assert world.state(key) == ("Queued", "QueuePaused")
    world.planner.change_settings(settings(queues={"mail": {"paused": False}}))
    await world.settle()
    assert len(world.cluster.jobs_of(key)) == 1


async def test_one_attempt_runs_per_concurrency_key() -> None:
    world = World()
    first = world.cluster.apply("first", {**EMAIL, "concurrencyKey": "customer-42"})
    second = world.cluster.apply("second", {**EMAIL, "concurrencyKey": "customer-42"})
    await world.settle()
    assert [len(world.cluster.jobs_of(key)) for key in (first, second)] == [1, 0]
    world.cluster.end(world.cluster.created_jobs[0])
    await world.settle()
    assert len(world.cluster.jobs_of(second)) == 1


async def test_the_namespaces_take_turns_at_equal_rank() -> None:
    world = World(with_settings=settings(limits={"concurrency": 1}))
    for number in range(3):
        world.cluster.apply(f"a-{number}", EMAIL, namespace="a")
    for number in range(2):
        world.cluster.apply(f"b-{number}", EMAIL, namespace="b")
    for _ in range(5):
        await world.settle()
        world.cluster.now = world.cluster.now.replace(second=world.cluster.now.second + 1)
        world.cluster.end(world.cluster.created_jobs[-1])
    assert [name[0] for name in world.cluster.created_jobs] == ["a", "b", "a", "b", "a"]


async def test_an_entry_limit_counts_what_already_runs_in_a_new_life() -> None:
    entry = {**ENTRIES["EmailJob.send"], "limits": {"concurrency": 1}}
    world = World(with_settings=settings(entries={"EmailJob.send": entry}))
    for number in range(2):
        world.cluster.apply(f"mail-{number}", EMAIL)
    await world.settle()
    world.start()
    await world.advance(3)
    assert len(world.cluster.created_jobs) == 1


async def test_a_low_one_is_overtaken_until_it_has_aged() -> None:
    """-1 behind a stream of 0: after 60 s it ranks as 0 and is due earlier."""
    world = World(with_settings=settings(limits={"concurrency": 1}, times={"ageingSeconds": 60}))
    low = world.cluster.apply("low", {**EMAIL, "priority": -1})
    await world.apply("running", priority=1)
    started_after = 0
    while not world.cluster.jobs_of(low):
        world.cluster.apply(f"fresh-{started_after}", EMAIL)
        await world.advance(10)
        world.cluster.end(world.cluster.created_jobs[-1])
        await world.settle()
        started_after += 10
        assert started_after <= 120
    assert started_after >= 60
