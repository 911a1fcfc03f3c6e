"""Takes the Lease, keeps it, gives it back: of all replicas that watch, the holder alone writes.

`seconds_left` is asked before each write. The answer comes from this process's clock, so a holder that was
stopped for longer than its deadline cannot write late, whatever it believes.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable
from typing import Final

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


class Elector:
    """One process's part in the election. `won` is set when it leads for the first time."""

    def __init__(
        self,
        lease: LeaseObject,
        identity: Identity,
        times: LeaseTimes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease = lease
        self._identity = identity
        self._times = times
        self._clock = clock
        self._sighting: Sighting | None = None
        self._may_write_until = -math.inf
        self._renewal_due = -math.inf
        self._news = asyncio.Event()
        self.won = asyncio.Event()

    def seconds_left(self) -> float:
        """For how long this process may write from now on; 0 when it may not."""
        return max(0.0, self._may_write_until - self._clock())

    def observe(self, event_type: str, document: Document) -> None:
        """Take in what the watch of the Lease brings; a change of hands is acted on at once."""
        if self._sighting is None or _version(document) > int(self._sighting.version):
            self._see(None if event_type == "DELETED" else document)

    def replace(self, documents: Iterable[Document], list_version: int) -> None:
        """Take in a list of the Lease: one or none."""
        found = list(documents)
        for document in found:
            self.observe("MODIFIED", document)
        if not found and self._sighting is not None and int(self._sighting.version) <= list_version:
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
        claim = next_claim(self._sighting, self._identity, self._clock())
        if claim is Claim.WAIT and self._sighting is not None:
            return self._sighting.expiry - self._clock()
        if claim is not Claim.RENEW or self._clock() >= self._renewal_due:
            self._renewal_due = self._clock() + self._times.retry_period_seconds
            await self._try(claim)
        return self._renewal_due - self._clock()

    async def release(self) -> None:
        """Leave the Lease to another at once, if it is ours. Nothing is written any more."""
        if not self.seconds_left():
            return
        self._may_write_until = -math.inf
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                # A renewal may be under way, or its answer lost: what counts is what is stored.
                self._see(await self._lease.get())
                if self._sighting is not None and self._is_ours():
                    spec = released_spec(self._sighting, self._lease.now_text())
                    await self._lease.patch(spec, self._sighting.version)
                    _log.info("the Lease is released")
        except (ClusterError, TimeoutError) as error:
            _log.warning("the Lease was not released and runs out: %s", _words(error))

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
        try:
            if self._sighting is None:
                document = await self._lease.create(spec)
            else:
                document = await self._lease.patch(spec, self._sighting.version)
        except (Conflict, AlreadyExists, NotFound):
            # Somebody was faster, or it was our own write whose answer was lost: look, then decide again.
            self._renewal_due = self._clock()
            self._see(await self._stored())
            return
        if self._sighting is not None and _version(document) < int(self._sighting.version):
            return  # the watch was faster: somebody has changed it since
        self._see(document)
        self._may_write_until = may_write_until
        if not self.won.is_set():
            _log.info("%s leads (the Lease: %s)", self._identity, claim.value)
            self.won.set()

    async def _stored(self) -> Document | None:
        try:
            return await self._lease.get()
        except NotFound:
            return None

    def _see(self, document: Document | None) -> None:
        """A Lease that is no longer ours ends our right to write at this moment."""
        self._sighting = None if document is None else Sighting.of(document, self._clock(), self._sighting)
        if not self._is_ours():
            self._may_write_until = -math.inf
        self._news.set()

    def _is_ours(self) -> bool:
        return self._sighting is not None and self._sighting.holder == str(self._identity)

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
