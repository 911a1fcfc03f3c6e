"""The leader is killed 50 times under 100 jobs: nothing is lost, and no attempt gets two Jobs."""

import random
import time
from collections import Counter

import pytest

from e2e_product import Namespace, utc_now
from tests.e2e.availability.replicas import FAST, Replicas

JOBS = 100
KILLS = 50
SEED = 20261126


@pytest.mark.lease_times(FAST)
def test_killed_50_times_under_100_jobs_nothing_is_lost_and_nothing_runs_twice(
    namespace: Namespace, replicas: Replicas
) -> None:
    since, dice = utc_now(), random.Random(SEED)
    for kill in range(KILLS):
        for number in range(kill * JOBS // KILLS, (kill + 1) * JOBS // KILLS):
            submit(namespace, number, dice)
        leader = replicas.leader()
        if kill % 4 == 0:
            # Between a create and the status write that follows when the pod runs.
            leader.wait_for_line(" created", 3)
        else:
            time.sleep(dice.uniform(0, 2))
        leader.kill()
        leader.start()
    for number in range(JOBS):
        state = "Failed" if is_failing(number) else "Succeeded"
        status = namespace.wait(name(number), "Succeeded", "Failed", timeout_seconds=300)
        assert status["state"] == state, status
    creates = Counter(
        event.name
        for event in replicas.product.audit(since)
        if (event.verb, event.resource, event.code) == ("create", "jobs", 201)
        and event.namespace == namespace.name
    )
    print(f"{KILLS} leaders killed, {JOBS} jobs, {len(creates)} Jobs, seed {SEED}")
    assert set(creates.values()) == {1}
    assert len(creates) == JOBS + sum(map(is_failing, range(JOBS)))  # a second attempt for those that fail


def submit(namespace: Namespace, number: int, dice: random.Random) -> None:
    retry = {"maxAttempts": 2, "delays": [1]}
    if is_failing(number):
        namespace.apply(name(number), "FailingJob", "run", retry=retry)
    else:
        seconds = dice.uniform(0, 10)
        namespace.apply(name(number), "HostileJob", "sleep", params={"seconds": seconds}, retry=retry)


def is_failing(number: int) -> bool:
    return number % 5 == 0


def name(number: int) -> str:
    return f"job-{number}"
