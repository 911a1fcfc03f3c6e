"""Performs planned actions: in order for one object, side by side for many. Decides nothing."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from backgroundjob_operator.cluster.port import Cluster, ClusterError, NotFound, Unavailable
from backgroundjob_operator.engine.actions import Action, ObjectKey
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.runtime.metrics import Metrics
from backgroundjob_operator.runtime.performer import Performer, Unsure
from backgroundjob_operator.runtime.turns import Turns

CONCURRENT_CALLS: Final = 32
BACKOFF_SECONDS: Final = (0.2, 0.5, 1, 2, 5, 10, 30)

_log = logging.getLogger(__name__)


class Actuator:
    """Runs the actions of one object after the other; `idle` is told when an object has none left."""

    def __init__(
        self,
        cluster: Cluster,
        store: Store,
        metrics: Metrics,
        idle: Callable[[], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._performer = Performer(cluster, store, metrics)
        self._store = store
        self._metrics = metrics
        self._idle = idle
        self._sleep = sleep
        self._turns = Turns(CONCURRENT_CALLS)
        self._tasks: dict[ObjectKey, asyncio.Task[None]] = {}
        self._failures: dict[ObjectKey, int] = {}
        self._unsure: set[ObjectKey] = set()
        """Objects with a create whose effect is not known."""
        self._waiting: set[ObjectKey] = set()
        """Objects whose task only waits after a failure."""

    @property
    def busy(self) -> set[ObjectKey]:
        """Objects with actions under way, or waiting after a failure."""
        return set(self._tasks)

    def submit(self, key: ObjectKey, actions: tuple[Action, ...]) -> None:
        """Start the actions of an object that is not busy."""
        if key in self._tasks:
            raise RuntimeError(f"{key} is busy: the planner must not plan it")
        self._tasks[key] = asyncio.create_task(self._perform(key, actions))

    async def finish(self) -> None:
        """Wait until nothing is under way."""
        await asyncio.gather(*self._tasks.values())

    async def close(self, timeout_seconds: float) -> bool:
        """Let calls under way finish, for at most this long. What only waits ends at once.

        Whether the effect of all is known: one that was given up may still have it.
        """
        for key in self._waiting:
            self._tasks[key].cancel()
        if not self._tasks:
            return not self._unsure
        _, late = await asyncio.wait(self._tasks.values(), timeout=timeout_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return not late and not self._unsure

    async def _perform(self, key: ObjectKey, actions: tuple[Action, ...]) -> None:
        try:
            await self._perform_all(key, actions)
        except ClusterError as error:
            await self._back_off(key, error)
        except Exception as error:  # noqa: BLE001  a defect on one object must not stop or spin the others
            _log.error("%s an action failed for a reason nobody foresaw", key, exc_info=error)
            await self._back_off(key, error)
        finally:
            del self._tasks[key]
            # Whatever happened: look at the object again with what came back.
            self._store.dirty.add(key)
            self._idle()

    async def _perform_all(self, key: ObjectKey, actions: tuple[Action, ...]) -> None:
        for action in actions:
            try:
                async with self._turns.of(key.namespace):
                    await self._performer.perform(action)
            except Unsure as unsure:
                self._unsure.add(key)
                await self._find_out(key, unsure)
                self._unsure.discard(key)
                return
        self._failures.pop(key, None)

    async def _find_out(self, key: ObjectKey, unsure: Unsure) -> None:
        """Ask for a Job until it is known whether it exists.

        Until then its object stays busy and keeps its slot: given to another, the slot could be taken twice.
        """
        error = unsure.error
        while True:
            await self._back_off(key, error)
            try:
                async with self._turns.of(key.namespace):
                    job = await self._performer.own_job(unsure.action)
            except NotFound:
                return  # it had no effect
            except Unavailable as again:
                error = again
            else:
                self._failures.pop(key, None)
                self._store.apply_job("ADDED", job)
                return

    async def _back_off(self, key: ObjectKey, error: Exception) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
        if isinstance(error, Unavailable):
            delay = max(delay, error.retry_after_seconds)
        _log.warning("%s %s: %s; next try in %s s", key, type(error).__name__, error, delay)
        self._metrics.count_failure(type(error).__name__)
        self._waiting.add(key)
        try:
            await self._sleep(delay)
        finally:
            self._waiting.discard(key)
