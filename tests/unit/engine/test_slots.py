"""Who starts first, and how many run at once."""

from world import EMAIL, World, settings


async def test_no_more_attempts_run_than_the_global_limit_allows() -> None:
    world = World(with_settings=settings(limits={"concurrency": 2}))
    for number in range(5):
        world.cluster.apply(f"mail-{number}", EMAIL)
    await world.settle()
    assert len(world.cluster.created_jobs) == 2
    world.cluster.end(world.cluster.created_jobs[0])
    await world.settle()
    assert len(world.cluster.created_jobs) == 3


async def test_higher_priority_goes_first_then_the_one_due_earlier() -> None:
    world = World(with_settings=settings(limits={"concurrency": 1}))
    await world.apply("first")
    for name, priority in (("low", "low"), ("medium", 0), ("high", "high"), ("highest", 1000)):
        world.cluster.now = world.cluster.now.replace(second=world.cluster.now.second + 1)
        world.cluster.apply(name, {**EMAIL, "priority": priority})
    for _ in range(4):
        await world.settle()
        world.cluster.end(world.cluster.created_jobs[-1])
    await world.settle()
    started = [name.rsplit("-", 2)[0] for name in world.cluster.created_jobs]
    assert started == ["first", "highest", "high", "medium", "low"]


async def test_waiting_for_a_slot_is_shown_after_two_seconds_and_costs_one_write() -> None:
    world = World(with_settings=settings(limits={"concurrency": 1}))
    await world.apply("first")
    key = await world.apply("second")
    await world.advance(1.9)
    assert world.state(key) == (None, None)
    await world.advance(60)
    assert world.state(key) == ("Queued", "GlobalLimit")
    assert world.cluster.calls == ["create_job", "patch_status", "patch_status"]


async def test_a_slot_freed_within_two_seconds_spares_the_write() -> None:
    world = World(with_settings=settings(limits={"concurrency": 1}))
    await world.apply("first")
    key = await world.apply("second")
    await world.advance(1)
    world.cluster.end(world.cluster.created_jobs[0])
    await world.settle()
    assert len(world.cluster.jobs_of(key)) == 1
    assert world.cluster.calls == ["create_job", "patch_status", "create_job"]


async def test_a_retry_keeps_no_slot_while_it_backs_off() -> None:
    world = World(with_settings=settings(limits={"concurrency": 1}))
    await world.apply("first", retry={"delaySeconds": 100})
    second = await world.apply("second")
    world.cluster.end(world.cluster.created_jobs[0], None, exit_code=1)
    await world.settle()
    assert len(world.cluster.jobs_of(second)) == 1


async def test_raising_the_limit_starts_those_who_wait() -> None:
    world = World(with_settings=settings(limits={"concurrency": 1}))
    for number in range(3):
        world.cluster.apply(f"mail-{number}", EMAIL)
    await world.settle()
    world.planner.change_settings(settings(limits={"concurrency": 3}))
    await world.settle()
    assert len(world.cluster.created_jobs) == 3


async def test_a_new_life_counts_the_attempts_that_already_run() -> None:
    world = World(with_settings=settings(limits={"concurrency": 2}))
    for number in range(4):
        world.cluster.apply(f"mail-{number}", EMAIL)
    await world.settle()
    world.start()
    await world.settle()
    assert len(world.cluster.created_jobs) == 2
