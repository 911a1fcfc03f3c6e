"""kill -9 of the operator at random moments: every job ends, and each attempt had exactly one Job."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e_operator import OperatorProcess
from e2e_product import Namespace, Product, utc_now

JOBS = 20
KILLS = 20
SEED = 20261122


@pytest.fixture
def operator(product: Product, tmp_path: Path) -> Iterator[OperatorProcess]:
    product.scale(0)
    process = OperatorProcess(product, tmp_path)
    process.start()
    yield process
    process.kill()
    product.scale(1)


def test_killed_at_random_points_every_job_ends_and_each_attempt_had_one_job(
    namespace: Namespace, product: Product, operator: OperatorProcess
) -> None:
    since, dice = utc_now(), random.Random(SEED)
    assert operator.wait_for_line("synced", 30)
    for number in range(JOBS):
        failing = number % 4 == 0
        class_, method = ("FailingJob", "run") if failing else ("HostileJob", "sleep")
        params = {} if failing else {"seconds": dice.uniform(0, 45)}
        namespace.apply(
            f"job-{number}", class_, method, params=params, retry={"maxAttempts": 2, "delays": [1]}
        )
    for kill in range(KILLS):
        if kill % 4 == 0:
            # Between the create and the status write that follows when the pod runs.
            operator.wait_for_line(" created", 3)
        elif kill % 4 == 1:
            time.sleep(dice.uniform(0, 1.5))  # perhaps before the first list
        else:
            assert operator.wait_for_line("synced", 30)
            time.sleep(dice.uniform(0, 1.5))
        operator.kill()
        if kill % 5 == 0:
            time.sleep(dice.uniform(1, 4))  # jobs finish while nobody watches
        operator.start()
    for number in range(JOBS):
        state = "Failed" if number % 4 == 0 else "Succeeded"
        status = namespace.wait(f"job-{number}", "Succeeded", "Failed", timeout_seconds=240)
        assert status["state"] == state, status
    creates = Counter(
        event.name
        for event in product.audit(since)
        if (event.verb, event.resource, event.code) == ("create", "jobs", 201)
        and event.namespace == namespace.name
    )
    print(f"{KILLS} kills, {len(creates)} Jobs")
    assert set(creates.values()) == {1}
    assert len(creates) == JOBS + JOBS // 4  # a second attempt for those that fail


def test_sigterm_ends_the_operator_in_under_two_seconds(operator: OperatorProcess) -> None:
    assert operator.wait_for_line("synced", 30)
    code, seconds = operator.stop()
    print(f"SIGTERM to exit: {seconds:.2f} s")
    assert code == 0
    assert seconds < 2
