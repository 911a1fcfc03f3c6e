"""Follows one kind: a list, then a watch, and a list again when the watch cannot go on."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from backgroundjob_operator.cluster.port import Document, Expired, Kind, Unavailable, WatchableCluster

BACKOFF_SECONDS: Final = (0.2, 0.5, 1, 2, 5, 10, 30)

_log = logging.getLogger(__name__)


class Informer:
    """Feeds `apply` and `replace` for as long as it runs. `synced` is set by the first list."""

    def __init__(
        self,
        cluster: WatchableCluster,
        kind: Kind,
        *,
        selector: Mapping[str, str],
        apply: Callable[[Any, Document], None],
        replace: Callable[[Iterable[Document], int], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._cluster = cluster
        self._kind: Kind = kind
        self._selector = selector
        self._apply = apply
        self._replace = replace
        self._sleep = sleep
        self._version: str | None = None
        self._failures = 0
        """Tries in a row that brought nothing."""
        self.synced = asyncio.Event()

    async def run(self) -> None:
        """List and watch until cancelled. A server that is away is waited for; anything else is raised."""
        while True:
            try:
                if self._version is None:
                    self._version = await self._list()
                await self._watch(self._version)
            except Expired as error:
                # Also after a restart of the API server, although nothing was lost.
                self._version = None
                if self._failures:
                    await self._back_off(error)
                self._failures += 1
            except Unavailable as error:
                await self._back_off(error, at_least=error.retry_after_seconds)
                self._failures += 1

    async def _back_off(self, error: Exception, at_least: float = 0) -> None:
        delay = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311  spreads load, hides nothing
        delay = max(delay, at_least)
        _log.warning("%s informer: %s; next try in %.1f s", self._kind, error, delay)
        await self._sleep(delay)

    async def _list(self) -> str:
        listing = await self._cluster.list(self._kind, selector=self._selector)
        self._replace(listing.documents, int(listing.resource_version))
        self.synced.set()
        return listing.resource_version

    async def _watch(self, version: str) -> None:
        """Follow changes until the server ends the stream; the version to go on from is kept."""
        brought_nothing = True
        async for event in self._cluster.watch(self._kind, selector=self._selector, resource_version=version):
            brought_nothing, self._failures = False, 0
            if event.type != "BOOKMARK":
                self._apply(event.type, event.document)
            self._version = event.document["metadata"]["resourceVersion"]
        if brought_nothing:
            # A proxy that ends every stream at once must not make this a busy loop.
            await self._sleep(BACKOFF_SECONDS[0])
