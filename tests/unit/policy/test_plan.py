"""The plan is what the operator will do: the same arithmetic, to the second."""

from datetime import datetime, timedelta
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from backgroundjob.api.reasons import Backoff
from backgroundjob.policy.delays import retry_delay
from backgroundjob.policy.effective import RetryPolicy
from backgroundjob.policy.plan import NO_TIME, Span, retry_plan
from backgroundjob_runner.contract import FailureKind, ReceiptOutcome
from world import World

policies = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 100),
    backoff=st.sampled_from(Backoff),
    delay_seconds=st.integers(0, 604_800),
    max_delay_seconds=st.integers(0, 604_800),
    delays_seconds=st.lists(st.integers(0, 604_800), max_size=20).map(tuple),
    jitter_percent=st.integers(0, 100),
)
uids = st.uuids().map(str)


def seconds(number: float) -> Span:
    return Span(timedelta(seconds=number), timedelta(seconds=number))


def test_a_plan_names_every_attempt_with_its_delay_and_start() -> None:
    plan = retry_plan(RetryPolicy(max_attempts=4, jitter_percent=0), "uid")

    # 10 * 2 ** (n - 1): 10, 20, 40; starts 10, 10 + 20, 30 + 40
    assert [(one.number, one.delay, one.start) for one in plan] == [
        (1, NO_TIME, NO_TIME),
        (2, seconds(10), seconds(10)),
        (3, seconds(20), seconds(30)),
        (4, seconds(40), seconds(70)),
    ]


def test_without_a_uid_the_jitter_makes_a_range() -> None:
    second = retry_plan(RetryPolicy(max_attempts=2), None)[1]

    assert second.delay == Span(timedelta(seconds=8), timedelta(seconds=12))  # 10 s ± 20 %


def test_one_attempt_waits_for_nothing() -> None:
    assert [one.number for one in retry_plan(RetryPolicy(max_attempts=1), None)] == [1]


@given(policy=policies, uid=uids)
def test_a_planned_delay_is_the_one_that_the_operator_computes(policy: RetryPolicy, uid: str) -> None:
    for attempt in retry_plan(policy, uid)[1:]:
        delay = retry_delay(policy, attempt.number - 1, uid)
        assert attempt.delay == Span(delay, delay)


@given(policy=policies, uid=uids)
def test_a_start_is_the_sum_of_the_delays_each_rounded_up_to_a_second(policy: RetryPolicy, uid: str) -> None:
    start = 0
    for failures, attempt in enumerate(retry_plan(policy, uid)[1:], start=1):
        start += ceil(retry_delay(policy, failures, uid).total_seconds())
        assert attempt.start == seconds(start)


@given(policy=policies, uid=uids)
def test_the_range_without_a_uid_holds_the_plan_of_every_uid(policy: RetryPolicy, uid: str) -> None:
    for unknown, known in zip(retry_plan(policy, None), retry_plan(policy, uid), strict=True):
        assert unknown.delay.earliest <= known.delay.earliest <= unknown.delay.latest
        assert unknown.start.earliest <= known.start.earliest <= unknown.start.latest


async def test_an_operator_starts_each_attempt_when_the_plan_says() -> None:
    world = World()
    key = await world.apply(retry={"maxAttempts": 4, "delaySeconds": 7})
    plan = retry_plan(RetryPolicy(max_attempts=4, delay_seconds=7), world.store.records[key].uid)

    starts = [world.cluster.now]
    for _ in range(3):
        job = world.cluster.jobs_of(key)[-1]
        world.cluster.end(job, ReceiptOutcome.FAILED, exit_code=1, failure=FailureKind.APP_ERROR)
        await world.settle()
        due = datetime.fromisoformat(world.cluster.status(key)["nextRetryTime"])
        await world.advance((due - world.cluster.now).total_seconds())
        assert len(world.cluster.jobs_of(key)) == len(starts) + 1
        starts.append(due)

    assert [start - starts[0] for start in starts] == [one.start.earliest for one in plan]
