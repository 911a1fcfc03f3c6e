"""Wires store, planner, actuator, feeds and probes, and ends the process when any of them breaks."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from backgroundjob_operator.cluster.port import Admission, WatchableCluster
from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_operator.engine.catalogue import Settings
from backgroundjob_operator.engine.planner import Planner
from backgroundjob_operator.engine.store import EventType, Store
from backgroundjob_operator.runtime.actuator import Actuator
from backgroundjob_operator.runtime.admission_probe import AdmissionProbe
from backgroundjob_operator.runtime.config import SettingsSource
from backgroundjob_operator.runtime.elector import Elector
from backgroundjob_operator.runtime.feeds import Feeds
from backgroundjob_operator.runtime.loop import Loop
from backgroundjob_operator.runtime.metrics import Metrics
from backgroundjob_operator.runtime.options import Options
from backgroundjob_operator.runtime.probes import ProbeServer
from backgroundjob_operator.runtime.why import why_document

SHUTDOWN_SECONDS: Final = 1.0
"""For calls under way. What they do not finish, the next process finds and repeats."""
SWEEP_DELAY_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class App:
    """The running operator. kopf (or a test) feeds `background_job_seen` and calls start and stop.

    With an elector it follows everything from the start, and plans and writes from the moment that it leads.
    """

    def __init__(
        self,
        cluster: WatchableCluster,
        options: Options,
        on_fatal: Callable[[], None],
        elector: Elector | None = None,
        admission: Admission | None = None,
    ) -> None:
        self._cluster = cluster
        self._on_fatal = on_fatal
        self._elector = elector
        self.metrics = Metrics()
        self.store = Store(cluster.now)
        self.source = SettingsSource(
            options.allow_list_name, options.config_name, self._settings_changed, self._version_changed
        )
        # Asked when scraped: a ConfigMap that becomes unusable changes no settings.
        self.metrics.settings_problems.set_function(lambda: len(self.source.problems))
        self.metrics.leader.set_function(self._is_leading)
        self._planner = Planner(self.store, self.source.settings, self._note_defect)
        self._loop = Loop(self._planner, self.store, self.metrics, clock=cluster.now)
        self._actuator = Actuator(cluster, self.store, self.metrics, idle=self._loop.wake)
        self._feeds = Feeds(
            cluster, options, store=self.store, source=self.source, elector=elector, wake=self._loop.wake
        )
        self._probes = ProbeServer(
            options.http_port, alive=self._alive, ready=self._ready, metrics=self.metrics, why=self._why
        )
        self._admission_probe = (
            AdmissionProbe(admission, lambda: self.source.allow_list_version, self.metrics)
            if admission is not None
            else None
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._sweep: asyncio.Task[None] | None = None
        self._is_synced = False

    async def start(self) -> None:
        """Start everything; return at once. Planning begins when every list was read."""
        await self._probes.start()
        for informer in self._feeds.informers:
            self._spawn(informer.run())
        self._spawn(self._work())

    async def stop(self) -> None:
        """End every task; calls under way may finish. Then another process may lead at once."""
        tasks = [*self._tasks, *([self._sweep] if self._sweep else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        is_done = await self._actuator.close(SHUTDOWN_SECONDS)
        # A Job whose create was given up may still appear: nobody must give its slot away before.
        if self._elector is not None and is_done:
            await self._elector.release()
        await self._probes.close()

    def background_job_seen(self, event_type: str | None, document: Mapping[str, Any]) -> None:
        """Take in an event from the watch of BackgroundJobs. Type None: an item of a list."""
        if event_type is None and self._is_synced:
            # The watch had a gap and listed again. Deletions in the gap have no event of their own.
            self._sweep_soon()
        kind: EventType = "DELETED" if event_type == "DELETED" else "MODIFIED"
        self.store.apply_background_job(kind, document)
        self._loop.wake()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Crash-only: a restart is one list per kind and no write; a half-blind process is worse.
        if task.cancelled():
            return
        if task.exception() is not None:
            _log.critical("the operator cannot go on and exits", exc_info=task.exception())
        self._on_fatal()

    def _swept(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._ended(task)

    async def _work(self) -> None:
        await self._feeds.synced()
        await self._feeds.list_background_jobs()
        self._is_synced = True
        self.metrics.synced.set(1)
        _log.info("synced: %s BackgroundJobs", len(self.store.records))
        if self._elector is not None:
            await self._follow(self._elector)
        await self._loop.run(self._actuator)

    async def _follow(self, elector: Elector) -> None:
        """Stand by until this process leads, then see what its predecessor did last."""
        self._spawn(elector.run())
        await self._loop.follow(until=elector.won)
        # What a watch has not brought yet counts all the same: a Job holds its slot and its concurrencyKey,
        # and an object that was cancelled must not start.
        await self._feeds.list_background_jobs()
        await self._feeds.list_jobs()
        self.store.dirty.update(self.store.records)
        if self._admission_probe is not None:
            self._spawn(self._admission_probe.run())

    def _sweep_soon(self) -> None:
        if self._sweep is None or self._sweep.done():
            self._sweep = asyncio.create_task(self._sweep_ghosts())
            self._sweep.add_done_callback(self._swept)

    async def _sweep_ghosts(self) -> None:
        await asyncio.sleep(SWEEP_DELAY_SECONDS)
        await self._feeds.list_background_jobs()
        self._loop.wake()

    def _settings_changed(self, settings: Settings) -> None:
        self._planner.change_settings(settings)
        self.metrics.allowed_methods.set(len(settings.allow_list.entries) if settings.allow_list else 0)
        self._loop.wake()

    def _note_defect(self, key: ObjectKey, error: Exception) -> None:
        _log.error("%s cannot be decided, for a reason nobody foresaw; the others go on", key, exc_info=error)
        self.metrics.count_failure(type(error).__name__)

    def _version_changed(self) -> None:
        if self._admission_probe is not None:
            self._admission_probe.changed()

    def _why(self, namespace: str, name: str, uid: str) -> Mapping[str, object] | None:
        key, now = ObjectKey(namespace, name), self._cluster.now()
        record = self.store.records.get(key)
        if record is None or record.uid != uid:
            return None
        answer = self._planner.explain(key, now)
        return None if answer is None else why_document(answer, now)

    def _is_leading(self) -> bool:
        return self._is_synced if self._elector is None else self._elector.seconds_left() > 0

    def _alive(self) -> str | None:
        ended = [task for task in self._tasks if task.done()]
        return "a task of the operator has ended; it is about to exit" if ended else None

    def _ready(self) -> str | None:
        return None if self._is_synced else "the lists of the API server are not read yet"
