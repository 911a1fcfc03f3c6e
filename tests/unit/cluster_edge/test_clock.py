"""The server's clock decides: retry times and creation times are told in it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from backgroundjob_operator.cluster.clock import ServerClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def clock_after(server_ahead_seconds: float) -> ServerClock:
    clock = ServerClock(lambda: NOON)
    ahead = NOON + timedelta(seconds=server_ahead_seconds)
    clock.observe(format_datetime(ahead.replace(microsecond=0), usegmt=True), NOON)
    return clock


@pytest.mark.parametrize("server_ahead_seconds", [-2, -1, 0, 0.9, 1.4])
def test_a_difference_that_the_header_cannot_tell_is_none(server_ahead_seconds: float) -> None:
    assert clock_after(server_ahead_seconds).now() == NOON


@pytest.mark.parametrize("server_ahead_seconds", [-3600, -10, 10, 3600])
def test_a_real_difference_is_set_right_to_the_second(server_ahead_seconds: float) -> None:
    server_time = NOON + timedelta(seconds=server_ahead_seconds)
    assert abs(clock_after(server_ahead_seconds).now() - server_time) <= timedelta(seconds=1)


@pytest.mark.parametrize("header", [None, "", "yesterday"])
def test_an_answer_without_a_usable_date_changes_nothing(header: str | None) -> None:
    clock = clock_after(3600)
    before = clock.now()
    clock.observe(header, NOON)
    assert clock.now() == before


def test_a_corrected_clock_is_noticed_with_the_next_answer() -> None:
    clock = clock_after(3600)
    clock.observe(format_datetime(NOON, usegmt=True), NOON)
    assert clock.now() == NOON


@pytest.mark.parametrize("late_seconds", [3, 30, 300])
def test_an_answer_that_is_read_late_is_no_wrong_clock(late_seconds: int) -> None:
    read_time = NOON + timedelta(seconds=late_seconds)
    clock = ServerClock(lambda: read_time)
    clock.observe(format_datetime(NOON, usegmt=True), sent_time=NOON)
    assert clock.now() == read_time
