"""The API server's clock, as its answers tell it.

Creation times, ends of Jobs and retry times are the server's. An operator whose own clock is wrong would
start retries early or late by as much.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

TOLERANCE: Final = timedelta(seconds=1)
"""Below this the clocks agree: nothing here is decided by a second."""
_HEADER_STEP: Final = timedelta(seconds=1)
"""Date headers have whole seconds."""


def local_now() -> datetime:
    """The machine's own clock."""
    return datetime.now(UTC)


class ServerClock:
    """Now by the server's clock: our own, set right by the last answer if they differ."""

    def __init__(self, local: Callable[[], datetime] = local_now) -> None:
        self._local = local
        self.offset = timedelta()

    def observe(self, date_header: str | None, sent_time: datetime) -> None:
        """Take in the Date header of an answer that came just now; `sent_time` is by our own clock.

        The server wrote it between the sending and now. A slow answer, or a busy process that reads it
        late, widens that span: it must not look like a wrong clock.
        """
        if date_header is None:
            return
        try:
            server_time = parsedate_to_datetime(date_header)
        except ValueError:
            return
        least, most = server_time - self._local(), server_time + _HEADER_STEP - sent_time
        if least <= TOLERANCE and most >= -TOLERANCE:
            self.offset = timedelta()
        else:
            self.offset = least if least > TOLERANCE else most

    def local_time(self) -> datetime:
        """The time on this machine, for `sent_time`."""
        return self._local()

    def now(self) -> datetime:
        """The time on the server."""
        return self._local() + self.offset
