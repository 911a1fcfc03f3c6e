"""The arithmetic of delays, each case with its sum beside it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backgroundjob.api.reasons import Backoff
from backgroundjob.policy.delays import disruption_delay, retry_delay
from backgroundjob.policy.effective import RetryPolicy

FIXED, LINEAR, EXPONENTIAL = Backoff.FIXED, Backoff.LINEAR, Backoff.EXPONENTIAL


def plan(policy: RetryPolicy, failures: int) -> list[float]:
    """Seconds after the first so many failures."""
    return [retry_delay(policy, number, "uid").total_seconds() for number in range(1, failures + 1)]


@pytest.mark.parametrize(
    ("backoff", "delay", "longest", "seconds"),
    [
        (FIXED, 10, 600, [10, 10, 10, 10]),  # d
        (LINEAR, 10, 600, [10, 20, 30, 40]),  # d * n
        (EXPONENTIAL, 10, 600, [10, 20, 40, 80]),  # d * 2 ** (n - 1)
        (EXPONENTIAL, 1, 600, [1, 2, 4, 8]),
        (LINEAR, 250, 600, [250, 500, 600, 600]),  # 3 * 250 = 750, capped
        (EXPONENTIAL, 100, 600, [100, 200, 400, 600]),  # 8 * 100 = 800, capped
        (FIXED, 10, 5, [5, 5, 5, 5]),  # capped from the first
        (EXPONENTIAL, 0, 600, [0, 0, 0, 0]),  # nothing doubled is nothing
    ],
    ids=str,
)
def test_the_delay_grows_by_the_formula_up_to_the_longest(
    backoff: Backoff, delay: int, longest: int, seconds: list[int]
) -> None:
    policy = RetryPolicy(backoff=backoff, delay_seconds=delay, max_delay_seconds=longest, jitter_percent=0)

    assert plan(policy, 4) == seconds


@pytest.mark.parametrize("backoff", list(Backoff))
def test_the_hundredth_failure_waits_no_longer_than_the_longest_delay(backoff: Backoff) -> None:
    policy = RetryPolicy(backoff=backoff, delay_seconds=10, max_delay_seconds=600, jitter_percent=0)

    assert retry_delay(policy, 100, "uid") <= timedelta(seconds=600)


@pytest.mark.parametrize(
    ("delays", "seconds"),
    [
        ((1, 5, 25), [1, 5, 25, 25, 25]),  # the last repeats
        ((7,), [7, 7, 7, 7, 7]),
        ((0, 3600), [0, 3600, 3600, 3600, 3600]),  # max_delay_seconds is of the formula alone
        ((30, 1), [30, 1, 1, 1, 1]),  # need not grow
    ],
    ids=str,
)
def test_an_explicit_plan_is_followed_and_its_last_entry_repeats(
    delays: tuple[int, ...], seconds: list[int]
) -> None:
    assert plan(RetryPolicy(delays_seconds=delays, jitter_percent=0), 5) == seconds


def test_the_defaults_wait_about_10_and_20_seconds() -> None:
    first, second = plan(RetryPolicy(), 2)

    assert 8 <= first <= 12  # 10 s ± 20 %
    assert 16 <= second <= 24  # 20 s ± 20 %


@given(
    uid=st.uuids().map(str),
    failures=st.integers(1, 100),
    percent=st.integers(0, 100),
    delay=st.integers(0, 3600),
    backoff=st.sampled_from(Backoff),
)
def test_jitter_stays_within_its_percentage_and_is_the_same_every_time(
    uid: str, failures: int, percent: int, delay: int, backoff: Backoff
) -> None:
    exact = RetryPolicy(backoff=backoff, delay_seconds=delay, max_delay_seconds=3600, jitter_percent=0)
    policy = RetryPolicy(backoff=backoff, delay_seconds=delay, max_delay_seconds=3600, jitter_percent=percent)
    planned = retry_delay(exact, failures, uid).total_seconds()

    found = retry_delay(policy, failures, uid).total_seconds()

    assert abs(found - planned) <= planned * percent / 100 + 0.001  # rounded to milliseconds
    assert found == retry_delay(policy, failures, uid).total_seconds()


def test_jobs_that_failed_together_do_not_come_back_together() -> None:
    delays = {retry_delay(RetryPolicy(), 1, f"uid-{number}") for number in range(100)}

    assert len(delays) > 90
    assert max(delays) - min(delays) > timedelta(seconds=3)  # of 4 s between 8 and 12


def test_a_disruption_waits_10_seconds_doubling_to_600() -> None:
    delays = [disruption_delay(number).total_seconds() for number in range(1, 10)]

    # 10 * 2 ** (n - 1), at most 600: 10 * 2 ** 6 = 640
    assert delays == [10, 20, 40, 80, 160, 320, 600, 600, 600]
    assert disruption_delay(10_000) == timedelta(seconds=600)
