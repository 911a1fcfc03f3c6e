"""SEC-19: a namespace with thousands of writes to do holds up no other namespace's."""

import asyncio

from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.engine.actions import DeleteJob, ObjectKey
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.runtime.actuator import CONCURRENT_CALLS, Actuator
from backgroundjob_operator.runtime.metrics import Metrics
from backgroundjob_operator.runtime.turns import Turns
from model_cluster import NOON, ModelCluster

FLOOD = 2_000


class SlowCluster(ModelCluster):
    """Notes whose calls it answered, each after a while."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: list[str] = []

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        await asyncio.sleep(0)
        self.answered.append(namespace)

    async def get_job(self, namespace: str, name: str) -> Document:
        raise NotImplementedError


async def test_sec_19_a_flood_of_writes_lets_every_other_namespace_pass() -> None:
    cluster = SlowCluster()
    actuator = Actuator(cluster, Store(lambda: NOON), Metrics(), lambda: None)
    for number in range(FLOOD):
        actuator.submit(
            ObjectKey("flood", str(number)), (DeleteJob(ObjectKey("flood", str(number)), "x", "u"),)
        )
    for namespace in ("shop", "mail"):
        actuator.submit(ObjectKey(namespace, "one"), (DeleteJob(ObjectKey(namespace, "one"), "x", "u"),))
    await actuator.finish()
    assert len(cluster.answered) == FLOOD + 2
    assert max(cluster.answered.index("shop"), cluster.answered.index("mail")) <= CONCURRENT_CALLS + 4


async def test_no_more_calls_than_allowed_run_at_a_time_and_none_is_lost() -> None:
    turns, running, most, done = Turns(3), 0, 0, 0

    async def call(namespace: str) -> None:
        nonlocal running, most, done
        async with turns.of(namespace):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
        done += 1

    await asyncio.gather(*(call(f"n{number % 4}") for number in range(40)))
    assert (most, done) == (3, 40)


async def test_a_wait_that_is_cancelled_gives_its_turn_to_the_next() -> None:
    turns = Turns(1)
    told: list[str] = []

    async def call(namespace: str) -> None:
        async with turns.of(namespace):
            told.append(namespace)

    async with turns.of("first"):
        waiting = [asyncio.create_task(call(name)) for name in ("a", "b", "c")]
        await asyncio.sleep(0)
        waiting[0].cancel()
    # The turn went to b in this very moment, before b could run.
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert told == ["c"]
    async with asyncio.timeout(1), turns.of("last"):
        told.append("last")
    assert told == ["c", "last"]
