"""How long to wait before the next attempt. The arithmetic of delays lives here and nowhere else."""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from backgroundjob.api.reasons import Backoff
from backgroundjob.policy.effective import RetryPolicy

DISRUPTION_DELAY_SECONDS: Final = 10
DISRUPTION_MAX_DELAY_SECONDS: Final = 600
MAX_DOUBLINGS: Final = 40
"""More doublings than any delay in seconds can hold: 2**40 s is 34,000 years."""


def retry_delay(policy: RetryPolicy, failures: int, uid: str) -> timedelta:
    """Delay after the failure number `failures` (from 1), deterministic jitter included.

    Exponential from 10 s, no jitter: 10, 20, 40, 80 … up to `max_delay_seconds`. Linear: 10, 20, 30.
    """
    seconds = _planned_seconds(policy, failures)
    return timedelta(seconds=round(seconds * _jitter_factor(policy.jitter_percent, uid, failures), 3))


def retry_delay_range(policy: RetryPolicy, failures: int) -> tuple[timedelta, timedelta]:
    """Between what and what `retry_delay` is for any uid."""
    seconds = _planned_seconds(policy, failures)
    spread = policy.jitter_percent / 100
    least, most = (timedelta(seconds=round(seconds * factor, 3)) for factor in (1 - spread, 1 + spread))
    return least, most


def next_second(time: datetime) -> datetime:
    """The time, rounded up to a whole second: status times have no fraction, and nothing starts early."""
    return time if time.microsecond == 0 else time.replace(microsecond=0) + timedelta(seconds=1)


def disruption_delay(disruptions: int) -> timedelta:
    """Delay after an end that is not the job's fault: 10 s doubling to 600 s."""
    doubled = DISRUPTION_DELAY_SECONDS * 2 ** min(disruptions - 1, MAX_DOUBLINGS)
    return timedelta(seconds=min(doubled, DISRUPTION_MAX_DELAY_SECONDS))


def _planned_seconds(policy: RetryPolicy, failures: int) -> int:
    if policy.delays_seconds:
        return policy.delays_seconds[min(failures, len(policy.delays_seconds)) - 1]
    doublings = min(failures - 1, MAX_DOUBLINGS)
    factors = {Backoff.FIXED: 1, Backoff.LINEAR: failures, Backoff.EXPONENTIAL: 1 << doublings}
    return min(policy.delay_seconds * factors[policy.backoff], policy.max_delay_seconds)


def _jitter_factor(percent: int, uid: str, failures: int) -> float:
    # sha256, not random(): the same time after every restart, and two objects never in step.
    digest = hashlib.sha256(f"{uid}/{failures}".encode()).digest()
    unit = int.from_bytes(digest[:8]) / 2**64
    return 1 + (2 * unit - 1) * percent / 100
