"""Follows one kind: a list, then a watch, and a list again when the watch cannot go on."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping
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
    ) -> None:
        self._cluster = cluster
        self._kind: Kind = kind
        self._selector = selector
        self._apply = apply
        self._replace = replace
        self._version: str | None = None
        self.synced = asyncio.Event()

    async def run(self) -> None:
        """List and watch until cancelled. A server that is away is waited for; anything else is raised."""
        failures = 0
        while True:
            try:
                if self._version is None:
                    self._version = await self._list()
                await self._watch(self._version)
                failures = 0
            except Expired:
                # Also after a restart of the API server, although nothing was lost.
                self._version = None
            except Unavailable as error:
                delay = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                failures += 1
                _log.warning("%s informer: %s; next try in %s s", self._kind, error, delay)
                await asyncio.sleep(max(delay * random.uniform(0.8, 1.2), error.retry_after_seconds))  # noqa: S311  spreads load, hides nothing

    async def _list(self) -> str:
        listing = await self._cluster.list(self._kind, selector=self._selector)
        self._replace(listing.documents, int(listing.resource_version))
        self.synced.set()
        return listing.resource_version

    async def _watch(self, version: str) -> None:
        """Follow changes until the server ends the stream; the version to go on from is kept."""
        async for event in self._cluster.watch(self._kind, selector=self._selector, resource_version=version):
            if event.type != "BOOKMARK":
                self._apply(event.type, event.document)
            self._version = event.document["metadata"]["resourceVersion"]
