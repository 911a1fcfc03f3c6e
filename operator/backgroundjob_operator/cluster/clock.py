"""The API server's clock, as its answers tell it.

Creation times, ends of Jobs and retry times are the server's. An operator whose own clock is wrong would
start retries early or late by as much.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

TOLERANCE: Final = timedelta(seconds=2)
"""Date headers have whole seconds and answers take time: below this the clocks agree."""
_HALF_SECOND: Final = timedelta(milliseconds=500)


def local_now() -> datetime:
    """The machine's own clock."""
    return datetime.now(UTC)


class ServerClock:
    """Now by the server's clock: our own, set right by the last answer if they differ."""

    def __init__(self, local: Callable[[], datetime] = local_now) -> None:
        self._local = local
        self.offset = timedelta()

    def observe(self, date_header: str | None) -> None:
        """Take in the Date header of an answer that came just now."""
        if date_header is None:
            return
        try:
            server_time = parsedate_to_datetime(date_header)
        except ValueError:
            return
        offset = server_time + _HALF_SECOND - self._local()
        self.offset = offset if abs(offset) > TOLERANCE else timedelta()

    def now(self) -> datetime:
        """The time on the server."""
        return self._local() + self.offset
