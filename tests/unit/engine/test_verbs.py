"""What people do to an object, at any moment of its life."""

import pytest

from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_runner.contract import ReceiptOutcome
from world import World, settings


@pytest.fixture
def world() -> World:
    return World(with_settings=settings(limits={"concurrency": 1}))


async def test_a_raised_priority_changes_the_order_of_those_that_wait(world: World) -> None:
    await world.apply("running")
    await world.apply("first")
    second = await world.apply("second")
    world.cluster.edit(second, priority="high")
    await world.settle()
    world.cluster.end(world.cluster.created_jobs[0])
    await world.settle()
    assert len(world.cluster.jobs_of(second)) == 1


async def test_suspending_a_running_job_lets_the_attempt_go_on_and_stops_the_next(world: World) -> None:
    key = await world.apply(retry={"delaySeconds": 5, "jitterPercent": 0})
    world.cluster.edit(key, suspend=True)
    await world.settle()
    assert len(world.cluster.objects["Job"]) == 1
    world.cluster.end(world.cluster.created_jobs[0], None, exit_code=1)
    await world.advance(60)
    assert world.state(key) == ("Waiting", "Suspended")
    world.cluster.edit(key, suspend=False)
    await world.settle()
    assert len(world.cluster.jobs_of(key)) == 2


async def test_a_suspended_condition_follows_the_field(world: World) -> None:
    key = await world.apply(suspend=True)
    assert condition(world, key, "Suspended") == "True"
    world.cluster.edit(key, suspend=False)
    await world.settle()
    world.cluster.run(world.cluster.created_jobs[0])
    await world.settle()
    assert condition(world, key, "Suspended") == "False"


@pytest.mark.parametrize("moment", ["waiting", "queued", "starting", "running", "retrying", "ended"])
async def test_a_deleted_object_is_forgotten_and_gives_its_slot_back(world: World, moment: str) -> None:
    if moment == "queued":
        await world.apply("blocker")
    key = await world.apply("mail", **({"delaySeconds": 60} if moment == "waiting" else {}))
    if moment in ("running", "retrying", "ended"):
        world.cluster.run(world.cluster.created_jobs[0])
        await world.settle()
    if moment in ("retrying", "ended"):
        outcome = None if moment == "retrying" else ReceiptOutcome.SUCCEEDED
        world.cluster.end(world.cluster.created_jobs[0], outcome, exit_code=1 if outcome is None else 0)
        await world.settle()
    world.cluster.remove("BackgroundJob", key.namespace, key.name)
    await world.advance(700)
    assert key not in world.store.records
    if moment == "queued":
        world.cluster.end(world.cluster.created_jobs[0])
        await world.settle()
    other = await world.apply("other")
    assert len(world.cluster.jobs_of(other)) == 1


async def test_an_object_created_again_under_its_name_never_meets_the_old_jobs(world: World) -> None:
    old = await world.apply("mail")
    world.cluster.remove("BackgroundJob", old.namespace, old.name)
    await world.settle()
    new = await world.apply("mail")
    assert len(set(world.cluster.created_jobs)) == 2
    world.cluster.end(world.cluster.jobs_of(new)[0])
    await world.settle()
    assert world.state(new) == ("Succeeded", "Completed")


async def test_the_job_of_a_success_goes_before_that_of_a_failure(world: World) -> None:
    world = World(
        with_settings=settings(times={"keepSucceededJobsSeconds": 60, "keepFailedJobsSeconds": 600})
    )
    good = await world.apply("good")
    bad = await world.apply("bad", retry={"maxAttempts": 1})
    world.cluster.end(world.cluster.jobs_of(good)[0])
    world.cluster.end(world.cluster.jobs_of(bad)[0], None, exit_code=1)
    await world.advance(59)
    assert len(world.cluster.objects["Job"]) == 2
    await world.advance(2)
    assert world.cluster.jobs_of(good) == []
    assert len(world.cluster.jobs_of(bad)) == 1  # the cluster's own ttlSecondsAfterFinished removes it


async def test_every_job_carries_its_time_to_live_for_the_cluster(world: World) -> None:
    await world.apply()
    [job] = world.cluster.objects["Job"].values()
    assert job["spec"]["ttlSecondsAfterFinished"] >= 86_400


async def test_a_cancelled_one_is_restarted_in_one_update(world: World) -> None:
    key = await world.apply(delaySeconds=100)
    world.cluster.edit(key, cancel=True)
    await world.settle()
    assert world.state(key) == ("Cancelled", "CancelRequested")
    world.cluster.edit(key, cancel=False, restarts=1)
    await world.settle()
    assert len(world.cluster.jobs_of(key)) == 1  # the delay does not apply to a restart


async def test_the_number_of_an_attempt_which_is_the_fencing_token_grows_over_restarts(world: World) -> None:
    key = await world.apply(retry={"maxAttempts": 2, "delaySeconds": 1, "jitterPercent": 0})
    for restarts in (1, 2, 3):
        for _ in range(2):
            world.cluster.end(world.cluster.created_jobs[-1], None, exit_code=1)
            await world.advance(10)
        assert world.state(key) == ("Failed", "RetriesExhausted")
        world.cluster.edit(key, restarts=restarts)
        await world.settle()
    jobs = [world.cluster.objects["Job"][key.namespace, name] for name in world.cluster.created_jobs]
    tokens = [int(job["metadata"]["labels"]["backgroundjob.dev/attempt"]) for job in jobs]
    assert tokens == [1, 2, 3, 4, 5, 6, 7]


async def test_a_success_is_never_overwritten_by_a_late_cancel(world: World) -> None:
    key = await world.apply()
    world.cluster.end(world.cluster.created_jobs[0])
    await world.settle()
    world.cluster.edit(key, cancel=True)
    await world.advance(100)
    assert world.state(key) == ("Succeeded", "Completed")


def condition(world: World, key: ObjectKey, type_: str) -> str | None:
    conditions = world.cluster.status(key)["conditions"]
    return next((one["status"] for one in conditions if one["type"] == type_), None)
