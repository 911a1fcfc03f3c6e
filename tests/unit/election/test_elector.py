"""Who leads, for how long, and when it stops, with 15, 10 and 2 seconds and a virtual clock."""

import asyncio
import logging
from collections.abc import Mapping

import pytest

from backgroundjob_operator.cluster.port import NotFound, Refused
from backgroundjob_operator.engine.leadership import Identity, LeaseTimes
from backgroundjob_operator.runtime.elector import Elector
from model_lease import ModelLease, elector, tell


@pytest.fixture
def lease() -> ModelLease:
    return ModelLease()


@pytest.fixture
async def leader(lease: ModelLease) -> Elector:
    """The first that came."""
    first = elector(lease, "a")
    await first.turn()
    assert first.won.is_set()
    return first


async def test_the_first_creates_the_lease_and_may_write_until_its_renew_deadline(
    lease: ModelLease, leader: Elector
) -> None:
    assert lease.stored is not None
    assert lease.stored["spec"] == {
        "holderIdentity": "a_1",
        "leaseDurationSeconds": 15,
        "leaseTransitions": 0,
        "acquireTime": "t-1000.0",
        "renewTime": "t-1000.0",
    }
    assert leader.seconds_left() == 10


async def test_the_holder_renews_every_2_seconds_with_one_call(lease: ModelLease, leader: Elector) -> None:
    for _ in range(5):
        tell(lease, leader)
        assert await leader.turn() == 2  # what the watch brings of its own renewal is no reason for another
        lease.now += 2
        await leader.turn()
    assert lease.calls == ["create", *["patch"] * 5]
    assert leader.seconds_left() == 10


async def test_a_standby_asks_nothing_while_the_holder_renews(lease: ModelLease, leader: Elector) -> None:
    standby = elector(lease, "b")
    tell(lease, standby)
    for _ in range(20):
        lease.now += 2
        await leader.turn()
        tell(lease, standby)
        assert await standby.turn() == 15
    assert set(lease.calls) == {"create", "patch"}
    assert not standby.won.is_set()


async def test_a_silent_holder_stops_writing_5_seconds_before_a_standby_may_begin(
    lease: ModelLease, leader: Elector
) -> None:
    standby = elector(lease, "b")
    tell(lease, standby)
    lease.now += 10
    assert leader.seconds_left() == 0
    lease.now += 4.9
    await standby.turn()
    assert not standby.won.is_set()
    lease.now += 0.1
    await standby.turn()
    assert standby.won.is_set()
    assert lease.stored is not None
    assert (lease.holder, lease.stored["spec"]["leaseTransitions"]) == ("b_1", 1)


async def test_times_of_another_machine_do_not_count(lease: ModelLease) -> None:
    lease.write(holderIdentity="z", leaseDurationSeconds=15, renewTime="2001-01-01T00:00:00.000000Z")
    late = elector(lease, "b")
    tell(lease, late)
    assert await late.turn() == 15  # however old it looks: from our first sight of it


async def test_a_released_lease_is_taken_at_once(lease: ModelLease, leader: Elector) -> None:
    standby = elector(lease, "b")
    tell(lease, standby)
    await leader.release()
    assert leader.seconds_left() == 0
    tell(lease, standby)
    await standby.turn()
    assert standby.won.is_set()


async def test_the_same_pods_new_container_takes_the_lease_of_its_dead_one_at_once(lease: ModelLease) -> None:
    first = elector(lease, "pod", "uid-7", life="1")
    await first.turn()
    second, other = elector(lease, "pod", "uid-7", life="2"), elector(lease, "pod", "uid-8", life="2")
    tell(lease, second, other)
    assert await other.turn() == 15  # a namesake with another uid waits
    await second.turn()
    assert second.won.is_set()


async def test_two_processes_outside_of_pods_never_take_each_other_for_dead(lease: ModelLease) -> None:
    first, second = elector(lease, "host", life="1"), elector(lease, "host", life="2")
    await first.turn()
    tell(lease, second)
    assert await second.turn() == 15


async def test_a_stolen_lease_ends_the_right_to_write_the_moment_the_watch_tells(
    lease: ModelLease, leader: Elector, caplog: pytest.LogCaptureFixture
) -> None:
    lease.write(holderIdentity="thief")
    tell(lease, leader)
    assert leader.seconds_left() == 0
    await leader.run()  # returns: the process exits
    assert caplog.messages[-1] == "the Lease is lost: thief holds it; this process writes no more"


async def test_a_stolen_lease_is_noticed_by_the_next_renewal_where_the_watch_is_silent(
    lease: ModelLease, leader: Elector
) -> None:
    lease.write(holderIdentity="thief")
    lease.now += 2
    await leader.turn()
    assert leader.seconds_left() == 0
    assert lease.holder == "thief"


async def test_a_deleted_lease_is_a_lost_one(
    lease: ModelLease, leader: Elector, caplog: pytest.LogCaptureFixture
) -> None:
    leader.observe("DELETED", lease.delete())
    await leader.run()
    assert "somebody deleted or released it" in caplog.messages[-1]


async def test_a_standby_waits_for_the_end_of_a_deleted_lease(lease: ModelLease, leader: Elector) -> None:
    """The holder may not know of the deletion yet."""
    standby = elector(lease, "b")
    tell(lease, standby)
    standby.observe("DELETED", lease.delete())
    assert await standby.turn() == 15
    lease.now += 15
    await standby.turn()
    assert (standby.won.is_set(), leader.seconds_left()) == (True, 0)


async def test_a_deletion_that_is_older_than_the_own_lease_is_no_loss(lease: ModelLease) -> None:
    lease.write(holderIdentity="")
    gone = lease.delete()
    late = elector(lease, "a")
    await late.turn()
    late.observe("DELETED", gone)
    late.replace([], int(gone["metadata"]["resourceVersion"]))
    assert late.seconds_left() == 10


async def test_a_holder_that_cannot_renew_tries_until_its_deadline_and_then_ends(
    lease: ModelLease, leader: Elector, caplog: pytest.LogCaptureFixture
) -> None:
    lease.faults = [False] * 4
    for _ in range(4):
        lease.now += 2
        await leader.turn()
    assert leader.seconds_left() == 2
    lease.now += 2
    await leader.run()
    assert caplog.messages[-1].startswith("the Lease is lost: it could not be renewed for 10 s")


async def test_a_renewal_whose_answer_was_lost_is_found_and_repeated(
    lease: ModelLease, leader: Elector
) -> None:
    lease.faults = [True]
    for seconds in (2, 2, 0):  # lost, conflict with itself, renewed
        lease.now += seconds
        await leader.turn()
    assert leader.seconds_left() == 10
    assert lease.calls[-4:] == ["patch", "patch", "get", "patch"]


async def test_of_two_that_take_at_the_same_time_one_gets_it(lease: ModelLease, leader: Elector) -> None:
    both = elector(lease, "b"), elector(lease, "c")
    tell(lease, *both)
    lease.now += 15
    for one in both:
        await one.turn()
    assert [one.won.is_set() for one in both] == [True, False]
    assert await both[1].turn() == 15


async def test_the_right_is_counted_from_the_sending_and_not_from_the_answer(
    lease: ModelLease, leader: Elector
) -> None:
    def slow() -> None:
        lease.now += 4

    lease.now += 2
    lease.before_the_answer = slow
    await leader.turn()
    assert leader.seconds_left() == 6


async def test_an_answer_that_comes_after_a_theft_gives_no_right(lease: ModelLease, leader: Elector) -> None:
    """The watch may be faster than the answer to the own renewal."""

    def stolen() -> None:
        lease.write(holderIdentity="thief")
        tell(lease, leader)

    lease.now += 2
    lease.before_the_answer = stolen
    await leader.turn()
    assert leader.seconds_left() == 0


async def test_an_answer_that_comes_after_a_deletion_gives_no_right(
    lease: ModelLease, leader: Elector
) -> None:
    def deleted() -> None:
        tell(lease, leader)
        leader.observe("DELETED", lease.delete())

    lease.now += 2
    lease.before_the_answer = deleted
    await leader.turn()
    assert leader.seconds_left() == 0


async def test_release_gives_back_a_lease_whose_renewal_was_just_under_way(
    lease: ModelLease, leader: Elector
) -> None:
    lease.write(renewTime="a renewal whose answer never came")
    await leader.release()
    assert lease.holder == ""


async def test_release_gives_back_a_lease_that_was_taken_without_an_answer(lease: ModelLease) -> None:
    lease.faults = [True]
    late = elector(lease, "a")
    await late.turn()
    assert (late.won.is_set(), lease.holder) == (False, "a_1")
    await late.release()
    assert lease.holder == ""


async def test_release_tries_again_when_a_renewal_came_between(lease: ModelLease, leader: Elector) -> None:
    read = lease.get

    async def get() -> dict[str, object]:
        document = await read()
        if lease.calls.count("get") == 1:
            lease.write(renewTime="the renewal that was under way")
        return document

    lease.get = get  # type: ignore[method-assign]
    await leader.release()
    assert lease.holder == ""


async def test_a_namespace_that_does_not_exist_is_told_every_2_seconds(
    lease: ModelLease, caplog: pytest.LogCaptureFixture
) -> None:
    async def create(spec: object) -> dict[str, object]:
        lease.calls.append("create")
        raise NotFound('namespaces "tols" not found')

    lease.create = create  # type: ignore[method-assign]
    lonely = elector(lease, "a")
    for _ in range(10):
        lease.now += min(0.5, await lonely.turn())
    assert lease.calls == ["create"] * 3
    assert caplog.messages[0].endswith('namespaces "tols" not found')


async def test_a_lease_that_cannot_be_read_after_a_conflict_is_asked_for_every_2_seconds(
    lease: ModelLease, leader: Elector
) -> None:
    async def get() -> dict[str, object]:
        lease.calls.append("get")
        raise Refused("leases is forbidden")

    lease.get = get  # type: ignore[method-assign]
    lease.write(renewTime="somebody touched it")
    for _ in range(4):
        lease.now += 2
        await leader.turn()
    assert lease.calls == ["create", *["patch", "get"] * 4]


async def test_a_call_that_hangs_leaves_time_for_another(lease: ModelLease) -> None:
    times = LeaseTimes(duration_seconds=0.3, renew_deadline_seconds=0.2, retry_period_seconds=0.02)  # type: ignore[arg-type]  # a fast test
    patient = Elector(lease, Identity("a", "", "1"), times)
    await patient.turn()
    answer, calls = lease.patch, 0

    async def patch(spec: Mapping[str, object], version: str) -> dict[str, object]:
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.Event().wait()
        return await answer(spec, version)

    lease.patch = patch  # type: ignore[method-assign]
    for _ in range(20):
        await asyncio.sleep(await patient.turn())
        if calls == 2:
            break
    assert patient.seconds_left() > 0


async def test_release_leaves_the_lease_of_another_alone(lease: ModelLease, leader: Elector) -> None:
    lease.write(holderIdentity="thief")
    await leader.release()
    assert lease.holder == "thief"


async def test_release_of_what_was_never_held_is_no_call(lease: ModelLease) -> None:
    await elector(lease, "b").release()
    assert lease.calls == []


async def test_a_failed_release_is_told_and_runs_out(
    lease: ModelLease, leader: Elector, caplog: pytest.LogCaptureFixture
) -> None:
    lease.faults = [False]
    await leader.release()
    assert leader.seconds_left() == 0
    assert caplog.messages[-1] == "the Lease was not released and runs out: no answer"


async def test_a_running_standby_wakes_when_the_lease_is_released(
    lease: ModelLease, leader: Elector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    standby = elector(lease, "b")
    tell(lease, standby)
    running = asyncio.create_task(standby.run())
    await asyncio.sleep(0)
    await leader.release()
    tell(lease, standby)
    await standby.won.wait()
    running.cancel()
    assert "b_1 leads (the Lease: take it over)" in caplog.messages


@pytest.mark.parametrize("times", [(10, 10, 2), (15, 2, 2), (15, 10, 0)])
def test_times_that_let_two_write_are_refused(times: tuple[int, int, int]) -> None:
    duration, deadline, retry = times
    with pytest.raises(ValueError, match="each must be longer than the next"):
        LeaseTimes(duration_seconds=duration, renew_deadline_seconds=deadline, retry_period_seconds=retry)
