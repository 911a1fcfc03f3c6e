"""Takes the Lease, keeps it, gives it back: of all replicas that watch, the holder alone writes.

`seconds_left` is asked before each write. The answer comes from this process's clock, so a holder that was
stopped for longer than its deadline cannot write late, whatever it believes.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from backgroundjob_operator.cluster.port import (
    AlreadyExists,
    ClusterError,
    Conflict,
    Document,
    LeaseObject,
    NotFound,
)
from backgroundjob_operator.engine.leadership import (
    Claim,
    Identity,
    LeaseTimes,
    Sighting,
    held_spec,
    next_claim,
    released_spec,
)

RELEASE_SECONDS: Final = 4.0
"""Well worth it on a slow server: a Lease that is not released holds everybody up for its whole duration."""

_log = logging.getLogger(__name__)


def uptime() -> float:
    """Seconds that pass while the machine sleeps, too, where the system tells them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Elector:
    """One process's part in the election. `won` is set when it leads for the first time."""

    def __init__(
        self,
        lease: LeaseObject,
        identity: Identity,
        times: LeaseTimes,
        clock: Callable[[], float] = uptime,
    ) -> None:
        self._lease = lease
        self._identity = identity
        self._times = times
        self._clock = clock
        self._sighting: Sighting | None = None
        self._newest = -1
        """The version of the Lease, or of its absence, that was seen last: older answers are no news."""
        self._may_write_until = -math.inf
        self._may_create_from = -math.inf
        self._next_call = -math.inf
        self._has_asked = False
        self._news = asyncio.Event()
        self.won = asyncio.Event()

    def seconds_left(self) -> float:
        """For how long this process may write from now on; 0 when it may not."""
        return max(0.0, self._may_write_until - self._clock())

    def observe(self, event_type: str, document: Document) -> None:
        """Take in what the watch of the Lease brings; a change of hands is acted on at once."""
        if _version(document) > self._newest:
            self._newest = _version(document)
            self._see(None if event_type == "DELETED" else document)

    def replace(self, documents: Iterable[Document], list_version: int) -> None:
        """Take in a list of the Lease: one or none."""
        found = list(documents)
        for document in found:
            self.observe("MODIFIED", document)
        if not found and list_version >= self._newest:
            self._newest = list_version
            self._see(None)

    async def run(self) -> None:
        """Contend, then renew. Returns when the Lease was ours and no longer is."""
        while not self._is_lost():
            seconds = await self.turn()
            await self._wait(seconds)
        _log.critical("the Lease is lost: %s; this process writes no more", self._loss())

    async def turn(self) -> float:
        """Do what is due; seconds until something is due again, unless the watch brings news."""
        self._news.clear()
        claim, now = next_claim(self._sighting, self._identity, self._clock()), self._clock()
        if claim is Claim.WAIT and self._sighting is not None:
            return self._sighting.expiry - now
        due = max(self._next_call, self._may_create_from if claim is Claim.CREATE else -math.inf)
        if now < due:
            return due - now
        self._next_call = now + self._times.retry_period_seconds
        await self._try(claim)
        return self._next_call - self._clock()

    async def release(self) -> None:
        """Leave the Lease to another at once, if it is ours. Nothing is written any more."""
        self._may_write_until = -math.inf
        if not self._has_asked:
            return
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                try:
                    await self._release_stored()
                except Conflict:
                    await self._release_stored()  # a renewal was still under way
        except (ClusterError, TimeoutError) as error:
            _log.warning("the Lease was not released and runs out: %s", _words(error))

    async def _release_stored(self) -> None:
        # A claim or a renewal may be under way, or its answer lost: what counts is what is stored.
        self._see(await self._stored())
        if self._sighting is not None and self._is_ours():
            spec = released_spec(self._sighting, self._lease.now_text())
            await self._lease.patch(spec, self._sighting.version)
            _log.info("the Lease is released")

    async def _try(self, claim: Claim) -> None:
        # A call that hangs must leave time for another before the deadline.
        patience = self._times.renew_deadline_seconds / 2
        if self.seconds_left():
            patience = min(patience, self.seconds_left())
        try:
            async with asyncio.timeout(patience):
                await self._claim(claim)
        except (ClusterError, TimeoutError) as error:
            _log.warning("no success with the Lease (%s): %s", claim.value, _words(error))

    async def _claim(self, claim: Claim) -> None:
        # Counted from the sending: from then on the others count our silence.
        may_write_until = self._clock() + self._times.renew_deadline_seconds
        spec = held_spec(self._identity, self._times, self._sighting, self._lease.now_text())
        self._has_asked = True
        try:
            document = await self._written(spec)
        except (Conflict, AlreadyExists):
            # Somebody was faster, or it was our own write whose answer was lost: look, then decide again.
            self._see(await self._stored())
            self._next_call = self._clock()
            return
        if _version(document) < self._newest:
            return  # the watch was faster: somebody has changed or deleted it since
        self._newest = _version(document)
        self._see(document)
        self._may_write_until = may_write_until
        if not self.won.is_set():
            _log.info("%s leads (the Lease: %s)", self._identity, claim.value)
            self.won.set()

    async def _written(self, spec: Mapping[str, Any]) -> Document:
        if self._sighting is None:
            return await self._lease.create(spec)
        try:
            return await self._lease.patch(spec, self._sighting.version)
        except NotFound as error:
            raise Conflict(str(error)) from error

    async def _stored(self) -> Document | None:
        try:
            return await self._lease.get()
        except NotFound:
            return None

    def _see(self, document: Document | None) -> None:
        """A Lease that is no longer ours ends our right to write at this moment."""
        before = self._sighting
        self._sighting = None if document is None else Sighting.of(document, self._clock(), before)
        if document is None and before is not None and before.holder not in ("", str(self._identity)):
            # Its holder may not know yet that it was deleted, and may write until then.
            self._may_create_from = before.expiry
        if not self._is_ours():
            self._may_write_until = -math.inf
        self._news.set()

    def _is_ours(self) -> bool:
        return self._sighting is not None and self._sighting.is_held_by(self._identity)

    def _is_lost(self) -> bool:
        return self.won.is_set() and not self.seconds_left()

    def _loss(self) -> str:
        if self._is_ours():
            return f"it could not be renewed for {self._times.renew_deadline_seconds} s"
        holder = self._sighting.holder if self._sighting is not None else ""
        return f"{holder} holds it" if holder else "somebody deleted or released it"

    async def _wait(self, seconds: float) -> None:
        if self.won.is_set():
            # What cannot be renewed is told on time.
            seconds = min(seconds, self.seconds_left())
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._news.wait()
        except TimeoutError:
            return


def _version(document: Document) -> int:
    return int(document["metadata"]["resourceVersion"])


def _words(error: Exception) -> str:
    return str(error) or "no answer in time"
