"""Waiting without a watch, in virtual time."""

from typing import Any

import pytest

from backgroundjob.backends.polling import wait_by_polling
from backgroundjob.errors import WaitTimeout


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def job(state: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": "mine"}, "spec": {}, "status": {"state": state}}


def test_a_finished_job_is_returned_at_once() -> None:
    clock = Clock()
    assert wait_by_polling(lambda: job("Failed"), None, lambda: clock.now, clock.sleep) == job("Failed")
    assert clock.pauses == []


def test_pauses_double_up_to_two_seconds() -> None:
    clock = Clock()
    seen = iter([job("Running")] * 8 + [job("Succeeded")])
    assert (
        wait_by_polling(lambda: next(seen), None, lambda: clock.now, clock.sleep)["status"]["state"]
        == "Succeeded"
    )
    assert clock.pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_a_timeout_is_kept_to_the_second_and_says_the_state() -> None:
    clock = Clock()
    with pytest.raises(WaitTimeout, match="shop/mine is still Running after 3 s"):
        wait_by_polling(lambda: job("Running"), 3, lambda: clock.now, clock.sleep)
    assert clock.now == pytest.approx(3)


def test_a_timeout_of_zero_asks_once() -> None:
    clock = Clock()
    with pytest.raises(WaitTimeout):
        wait_by_polling(lambda: job("Running"), 0, lambda: clock.now, clock.sleep)
    assert clock.pauses == []
