"""Jobs that are submitted after any transaction: a function stands for it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine

from backgroundjob import InvalidParams, InvalidSpec, JobClass, NotCommitted, job
from backgroundjob.testing import InMemoryBackend


class OrderJob(JobClass):
    """Needs the row of its order."""

    @job(unique="order-{number}")
    def ship(self, number: int) -> None:
        """Ship it."""

    @job
    def bill(self, number: int) -> None:
        """As often as it is submitted."""


def test_a_function_gets_what_to_call_after_the_commit(jobs: InMemoryBackend) -> None:
    after: list[Callable[[], None]] = []
    deferred = OrderJob.ship.on_commit(after.append).later(number=7)
    assert (jobs.calls(), deferred.is_submitted) == ([], False)
    after[0]()
    assert jobs.calls() == [("OrderJob.ship", {"number": 7})]
    assert deferred.handle.name == "order-7"


def test_a_callback_that_is_called_twice_submits_once(jobs: InMemoryBackend) -> None:
    after: list[Callable[[], None]] = []
    OrderJob.bill.on_commit(after.append).later(1)
    after[0]()
    after[0]()
    assert jobs.calls() == [("OrderJob.bill", {"number": 1})]


def test_options_are_those_of_the_call(jobs: InMemoryBackend) -> None:
    after: list[Callable[[], None]] = []
    deferred = OrderJob.ship.using(queue="slow").on_commit(after.append).later(1)
    after[0]()
    assert deferred.handle.document["spec"]["queue"] == "slow"


def test_nothing_is_registered_for_a_call_that_does_not_fit() -> None:
    after: list[Callable[[], None]] = []
    with pytest.raises(InvalidParams, match="missing a required argument: 'number'"):
        OrderJob.ship.on_commit(after.append).later()  # type: ignore[call-arg]  # the point
    with pytest.raises(InvalidSpec, match="timeout"):
        OrderJob.ship.using(timeout="soon").on_commit(after.append).later(1)
    assert after == []


def test_a_handle_before_the_commit_is_an_error() -> None:
    with pytest.raises(NotCommitted, match="ask for the handle after the commit"):
        _ = OrderJob.ship.on_commit(lambda _: None).later(1).handle


@pytest.mark.parametrize(
    "wrong", [7, object(), create_engine("sqlite://"), create_engine("sqlite://").connect()]
)
def test_what_is_no_transaction_is_told(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"on_commit\(\) takes .* a Session of SQLAlchemy.*; found a \w+"):
        OrderJob.ship.on_commit(wrong).later(1)
