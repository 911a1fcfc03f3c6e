"""Lengths of time as users write them: seconds, "10m", "1h30m", timedelta. And as people read them."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

Duration = float | str | timedelta
"""Seconds, a text such as `90s`, `10m`, `1h30m`, `2d`, or a timedelta."""

_UNIT_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_TEXT = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def exact_seconds(duration: Duration) -> float:
    """Seconds, fractions kept. Raises ValueError with a sentence that names the accepted forms."""
    if isinstance(duration, timedelta):
        seconds = duration.total_seconds()
    elif isinstance(duration, str):
        seconds = _text_seconds(duration.strip())
    elif isinstance(duration, bool) or not isinstance(duration, (int, float)):
        raise ValueError(_accepted(f"a {type(duration).__name__}"))  # noqa: TRY004  one kind to catch
    else:
        seconds = float(duration)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(_accepted(repr(duration)))
    return seconds


def whole_seconds(duration: Duration) -> int:
    """Whole seconds, fractions rounded up: a delay of half a second is not no delay."""
    return math.ceil(exact_seconds(duration))


def _text_seconds(text: str) -> float:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    match = _TEXT.fullmatch(text)
    if not text or match is None:
        raise ValueError(_accepted(repr(text)))
    return sum(
        int(number or 0) * unit for number, unit in zip(match.groups(), _UNIT_SECONDS.values(), strict=True)
    )


def _accepted(found: str) -> str:
    return f"is {found}; give seconds, a text such as '90s', '10m', '1h30m' or '2d', or a timedelta"


def human(seconds: float) -> str:
    """A length of time as kubectl prints ages: `45s`, `3m12s`, `25m`, `5h3m`, `2d4h`, `30d`."""
    total = max(0, int(seconds))
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if total < 120:
        return f"{total}s"
    if minutes < 10:
        return _two(minutes, "m", total % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    return f"{days}d"


def exact(seconds: float) -> str:
    """A length of time without loss down to a tenth: `0s`, `8.3s`, `1m52s`, `2h5m`, `1d0h10m`."""
    tenths = round(seconds * 10)
    if tenths < 600:
        return f"{tenths / 10:g}s"
    total = math.ceil(tenths / 10)
    parts = [(total // unit % size, name) for unit, size, name in _EXACT_UNITS]
    first = next(index for index, (number, _) in enumerate(parts) if number)
    last = max(index for index, (number, _) in enumerate(parts) if number)
    return "".join(f"{number}{name}" for number, name in parts[first : last + 1])


_EXACT_UNITS = ((86400, 10**9, "d"), (3600, 24, "h"), (60, 60, "m"), (1, 60, "s"))


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def parsed_time(text: Any) -> datetime | None:
    """A time as the API writes it; None for anything else."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
