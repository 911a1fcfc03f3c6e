"""The order among those that are due, and the bound that nothing starves beyond."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backgroundjob_operator.engine.ranking import NEVER, Claim, aged_priority, rank
from backgroundjob_operator.engine.usage import Place
from model_cluster import NOON

PLACE = Place(namespace="default", queue="default", method="EmailJob.send")
PRIORITIES = st.integers(-1000, 1000)
AGEING = st.integers(1, 3600)


def claim(priority: int = 0, due_seconds: float = 0, uid: str = "a", place: Place = PLACE) -> Claim:
    due = NOON + timedelta(seconds=due_seconds)
    return Claim(place=place, priority=priority, due_time=due, creation_time=NOON, uid=uid)


@pytest.mark.parametrize(
    ("priority", "waited_seconds", "ageing_seconds", "aged"),
    [
        pytest.param(0, 59, 60, 0, id="59 s of 60: not older yet"),
        pytest.param(0, 60, 60, 1, id="60 / 60 = 1"),
        pytest.param(-100, 6000, 60, 0, id="-100 + 6000 / 60 = 0"),
        pytest.param(-100, 6000, 0, -100, id="0 turns ageing off"),
        pytest.param(5, -10, 60, 5, id="a clock behind the due time takes nothing away"),
    ],
)
def test_the_priority_grows_by_one_per_ageing_time(
    priority: int, waited_seconds: int, ageing_seconds: int, aged: int
) -> None:
    now = NOON + timedelta(seconds=waited_seconds)
    assert aged_priority(claim(priority), now, ageing_seconds) == aged


def test_higher_priority_goes_first_then_the_namespace_served_longest_ago_then_the_first_due() -> None:
    high, early, late = claim(1, uid="h"), claim(0, 0, uid="e"), claim(0, 1, uid="l")
    served = NOON
    ranks = {
        "high": rank(high, NOON, 60, served),
        "late, its namespace never served": rank(late, NOON, 60, NEVER),
        "early, its namespace just served": rank(early, NOON, 60, served),
        "late, its namespace just served": rank(late, NOON, 60, served),
    }
    assert sorted(ranks, key=lambda name: ranks[name]) == list(ranks)


@given(PRIORITIES, PRIORITIES, AGEING, st.floats(0, 10**7), st.floats(0, 10**6))
def test_who_comes_later_than_the_bound_never_goes_before(
    priority: int, later_priority: int, ageing_seconds: int, beyond_seconds: float, wait_seconds: float
) -> None:
    """The bound of ranking.py: (q - p + 1) * ageingSeconds."""
    bound_seconds = max(0, (later_priority - priority + 1) * ageing_seconds)
    patient = claim(priority, 0, uid="patient")
    later = claim(later_priority, bound_seconds + beyond_seconds + 1, uid="later")
    now = later.due_time + timedelta(seconds=wait_seconds)
    assert aged_priority(patient, now, ageing_seconds) >= aged_priority(later, now, ageing_seconds)
    assert rank(patient, now, ageing_seconds, NEVER) < rank(later, now, ageing_seconds, NEVER)
