"""Every attempt of a job before anything runs, by the arithmetic that the operator applies."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from backgroundjob.policy.delays import retry_delay, retry_delay_range
from backgroundjob.policy.effective import RetryPolicy

_SECOND: Final = timedelta(seconds=1)
_ZERO: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time that jitter makes uncertain; both ends are the same once the uid is known."""

    earliest: timedelta
    latest: timedelta

    def __add__(self, other: "Span") -> "Span":
        return Span(self.earliest + other.earliest, self.latest + other.latest)

    def whole_seconds(self) -> "Span":
        """Rounded up: the operator writes due times in whole seconds and never starts early."""
        return Span(-(-self.earliest // _SECOND) * _SECOND, -(-self.latest // _SECOND) * _SECOND)


NO_TIME: Final = Span(_ZERO, _ZERO)


@dataclass(frozen=True, slots=True)
class PlannedAttempt:
    """One charged attempt, if each before it fails."""

    number: int
    """From 1, charged attempts alone: a disruption moves the rest and uses up none."""
    delay: Span
    """Between the end of the one before and this one's start; nothing before the first."""
    start: Span
    """After the start of the first, when attempts take no time and no limit holds them back."""


def retry_plan(policy: RetryPolicy, uid: str | None) -> tuple[PlannedAttempt, ...]:
    """All attempts that the policy allows. With the object's uid the delays are exact."""
    return tuple(_attempts(policy, uid))


def _attempts(policy: RetryPolicy, uid: str | None) -> Iterator[PlannedAttempt]:
    start = NO_TIME
    yield PlannedAttempt(1, NO_TIME, start)
    for failures in range(1, policy.max_attempts):
        delay = _delay(policy, failures, uid)
        start += delay.whole_seconds()
        yield PlannedAttempt(failures + 1, delay, start)


def _delay(policy: RetryPolicy, failures: int, uid: str | None) -> Span:
    if uid is None:
        return Span(*retry_delay_range(policy, failures))
    exact = retry_delay(policy, failures, uid)
    return Span(exact, exact)
