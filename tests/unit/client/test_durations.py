"""Durations as users write and read them."""

from datetime import timedelta

import pytest

from backgroundjob.durations import Duration, exact_seconds, human, whole_seconds


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        (0, 0),
        (90, 90),
        ("90", 90),
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("1d2h3m4s", 93_784),
        (" 5m ", 300),
        (timedelta(minutes=10), 600),
        (0.5, 1),
        ("1.2", 2),
        (timedelta(milliseconds=1), 1),
    ],
)
def test_a_duration_in_whole_seconds_is_rounded_up(duration: Duration, seconds: int) -> None:
    assert whole_seconds(duration) == seconds


@pytest.mark.parametrize(
    "duration",
    ["", "soon", "10 m", "1m1h", "-5", "1.5h", -1, float("nan"), float("inf"), True, timedelta(-1)],
)
def test_anything_else_is_refused_with_the_accepted_forms(duration: Duration) -> None:
    with pytest.raises(ValueError, match="give seconds, a text such as '90s', '10m', '1h30m' or '2d'"):
        whole_seconds(duration)


def test_waiting_keeps_fractions() -> None:
    assert exact_seconds(0.25) == 0.25


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0s"),
        (0.9, "0s"),
        (119, "119s"),
        (120, "2m"),
        (192, "3m12s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (18_180, "5h3m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (187_200, "2d4h"),
        (691_200, "8d"),
    ],
)
def test_ages_read_as_kubectl_prints_them(seconds: float, text: str) -> None:
    assert human(seconds) == text
