"""What the operator follows, and where it goes: Jobs, Pods, ConfigMaps and the Lease by informers of its own.

BackgroundJobs come by kopf's watch; here they are only listed. With namespaces to watch, every kind is
followed in each of them by itself, and no request asks for more.
"""

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from backgroundjob.api import labels
from backgroundjob_operator.cluster.informer import Informer
from backgroundjob_operator.cluster.port import Kind, Listing, Unavailable, WatchableCluster
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.runtime.config import SettingsSource
from backgroundjob_operator.runtime.elector import Elector
from backgroundjob_operator.runtime.options import Options

RETRY_SECONDS: Final = 2.0

_OURS: Final[Mapping[str, str]] = {"labelSelector": labels.UID_LABEL}
_log = logging.getLogger(__name__)


class Feeds:
    """The informers, made and not yet running, and the lists that the app asks for itself."""

    def __init__(
        self,
        cluster: WatchableCluster,
        options: Options,
        *,
        store: Store,
        source: SettingsSource,
        elector: Elector | None,
        wake: Callable[[], None],
    ) -> None:
        self._cluster = cluster
        self._namespaces: tuple[str | None, ...] = options.watch_namespaces or (None,)
        self._store = store
        self._source = source
        self._wake = wake
        self.informers = [
            *self._of_objects(),
            *self._of_settings(options),
            *self._of_lease(options, elector),
        ]

    async def synced(self) -> None:
        """Return when every informer has read its list."""
        for informer in self.informers:
            await informer.synced.wait()

    async def list_background_jobs(self) -> None:
        """Replace what the store knows of BackgroundJobs."""
        listings = [await self._list("BackgroundJob", namespace) for namespace in self._namespaces]
        documents = [document for listing in listings for document in listing.documents]
        self._store.replace_background_jobs(documents, min(int(one.resource_version) for one in listings))

    async def list_jobs(self) -> None:
        """Replace what the store knows of Jobs, ahead of their watch."""
        for namespace in self._namespaces:
            listing = await self._list("Job", namespace, _OURS)
            self._store.replace_jobs(listing.documents, int(listing.resource_version), namespace)

    async def _list(
        self, kind: Kind, namespace: str | None, selector: Mapping[str, str] | None = None
    ) -> Listing:
        while True:
            try:
                return await self._cluster.list(kind, selector=_within(namespace, selector or {}))
            except Unavailable as error:
                _log.warning("%ss cannot be listed: %s; next try in %s s", kind, error, RETRY_SECONDS)
                await asyncio.sleep(RETRY_SECONDS)

    def _of_objects(self) -> list[Informer]:
        kinds: tuple[tuple[Kind, Callable[..., None], Callable[..., None]], ...] = (
            ("Job", self._store.apply_job, self._store.replace_jobs),
            ("Pod", self._store.apply_pod, self._store.replace_pods),
        )
        return [
            Informer(
                self._cluster,
                kind,
                selector=_within(namespace, _OURS),
                apply=self._woken(apply),
                replace=self._woken(functools.partial(replace, namespace=namespace)),
            )
            for namespace in self._namespaces
            for kind, apply, replace in kinds
        ]

    def _of_settings(self, options: Options) -> list[Informer]:
        return [
            Informer(
                self._cluster,
                "ConfigMap",
                selector=_named(options.namespace, name),
                apply=self._source.apply,
                replace=functools.partial(self._source.replace, name),
            )
            for name in (options.allow_list_name, options.config_name)
        ]

    def _of_lease(self, options: Options, elector: Elector | None) -> list[Informer]:
        if elector is None or options.election is None:
            return []
        selector = _named(options.election.namespace, options.election.lease)
        return [
            Informer(
                self._cluster, "Lease", selector=selector, apply=elector.observe, replace=elector.replace
            )
        ]

    def _woken(self, function: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            function(*arguments)
            self._wake()

        return call


def _within(namespace: str | None, selector: Mapping[str, str]) -> Mapping[str, str]:
    return selector if namespace is None else {**selector, "namespace": namespace}


def _named(namespace: str, name: str) -> Mapping[str, str]:
    return {"namespace": namespace, "fieldSelector": f"metadata.name={name}"}
