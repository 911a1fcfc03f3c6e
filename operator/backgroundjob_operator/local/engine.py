"""The local engine: the operator's store, planner, loop and actuator over SQLite and processes."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP
from backgroundjob.errors import BackendUnavailable
from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.engine.actions import CreateJob
from backgroundjob_operator.engine.catalogue import Settings
from backgroundjob_operator.engine.planner import Planner
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.local.cluster import Follower, LocalCluster
from backgroundjob_operator.local.joblog import JobLog
from backgroundjob_operator.local.locks import Lock, LockTaken
from backgroundjob_operator.local.processes import Node
from backgroundjob_operator.local.settings import SettingsFile
from backgroundjob_operator.local.state import STATE_VARIABLE, LocalOptions, utc_now
from backgroundjob_operator.runtime.actuator import Actuator
from backgroundjob_operator.runtime.config import SettingsSource
from backgroundjob_operator.runtime.loop import Loop
from backgroundjob_operator.runtime.metrics import Metrics

SETTINGS_LOOK_SECONDS: Final = 0.5
CLOSE_SECONDS: Final = 1.0
STOP_GRACE_SECONDS: Final = 10


class EngineBusy(BackendUnavailable):
    """Another engine serves the state directory."""


class LocalEngine:
    """One engine; at most one runs per state directory.

        async with LocalEngine(options) as engine:
            await engine.run()

    Leaving it lets running attempts go on: the next engine finds out how they ended.
    """

    def __init__(
        self,
        options: LocalOptions,
        *,
        clock: Callable[[], datetime] = utc_now,
        on_transition: Callable[[Document], None] | None = None,
    ) -> None:
        """`on_transition` is told each BackgroundJob that changed state or reason, or ended an attempt."""
        self._options = options
        self._clock = clock
        self._on_transition = on_transition
        self._lock = Lock(options.state.engine_lock)
        self._job_log = JobLog(options.state, clock)
        self._source = SettingsSource(ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP, self._settings_changed)
        self._file = SettingsFile(options.settings_file, self._source, options.working_directory)
        self._store = Store(clock)
        self._planner = Planner(self._store, self._source.settings)
        metrics = Metrics()
        self._loop = Loop(self._planner, self._store, metrics, clock)
        self._metrics = metrics
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Start. Raises EngineBusy, and BackendUnavailable for a settings file that cannot be used."""
        self._file.load()
        self._options.state.create()
        try:
            self._lock.take()
        except LockTaken as error:
            raise EngineBusy(
                "local",
                f"another engine serves {self._options.state_directory}",
                f"stop it, or choose another directory with {STATE_VARIABLE}",
            ) from error
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the engine, not the attempts."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._actuator.close(CLOSE_SECONDS)
        self._node.leave()
        self._objects.close()
        self._lock.release()

    @property
    def settings(self) -> Settings:
        """What the settings file says, as last read."""
        return self._source.settings

    async def run(self) -> None:
        """Return never; raise what broke, if something does."""
        await asyncio.gather(*self._tasks)

    async def stop_attempts(self, grace_seconds: int = STOP_GRACE_SECONDS) -> int:
        """Stop what runs, as a node does that shuts down; the next engine tries it again. How many ran."""
        self._loop_task.cancel()
        count = self._node.running_count
        await self._node.stop_all(grace_seconds)
        self._follower.feed()
        for key, actions in self._planner.plan(self._clock(), self._actuator.busy).items():
            if not any(isinstance(action, CreateJob) for action in actions):
                self._actuator.submit(key, actions)  # how it ended; __aexit__ waits for the write
        return count

    def wake(self) -> None:
        """Plan soon: for a clock that was put forward."""
        self._loop.wake()

    def _open(self) -> None:
        state = self._options.state
        self._objects = state.open_objects(self._clock)
        cluster = LocalCluster(self._objects, clock=self._clock, transition=self._transition)
        self._node = Node(
            self._objects,
            state,
            self._job_log,
            clock=self._clock,
            working_directory=self._options.working_directory,
            changed=cluster.news.set,
        )
        self._node.clean()
        self._actuator = Actuator(cluster, self._store, self._metrics, idle=self._loop.wake)
        self._follower = Follower(self._objects, self._store, self._node, cluster.news, self._loop.wake)
        self._follower.feed()
        self._loop_task = self._spawn(self._loop.run(self._actuator))
        self._spawn(self._follower.run())
        self._spawn(self._follower.sweep(self._clock))
        self._spawn(self._node.run())
        self._spawn(self._watch_settings())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    async def _watch_settings(self) -> None:
        while True:
            await asyncio.sleep(SETTINGS_LOOK_SECONDS)
            if self._file.is_stale():
                # Modules are imported by a process of their own: the engine goes on meanwhile.
                self._file.take(await asyncio.to_thread(self._file.read_again))

    def _settings_changed(self, settings: Settings) -> None:
        self._planner.change_settings(settings)
        self._loop.wake()

    def _transition(self, document: Document) -> None:
        self._job_log.transition(document)
        if self._on_transition is not None:
            self._on_transition(document)
