"""Plans when something changed or came due, and hands the plan to the actuator."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from backgroundjob_operator.engine.planner import Planner
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.runtime.actuator import Actuator
from backgroundjob_operator.runtime.metrics import Metrics

COALESCE_SECONDS: Final = 0.01
"""Events of one moment are planned together: a burst costs one plan, and the best claim wins."""
STANDBY_SECONDS: Final = 0.1
"""The same for a process that only follows; also the most that it adds to a change of hands."""


class Loop:
    """One task, one timer. `wake` is called for every event."""

    def __init__(
        self,
        planner: Planner,
        store: Store,
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._planner = planner
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Plan soon."""
        self._news.set()

    async def run(self, actuator: Actuator) -> None:
        """Turn until cancelled."""
        while True:
            self._news.clear()
            now = self._clock()
            for key, actions in self._planner.plan(now, actuator.busy).items():
                actuator.submit(key, actions)
            self._count()
            await self._wait()

    async def follow(self, until: asyncio.Event) -> None:
        """Take in what happens and do nothing, until this process leads."""
        told = asyncio.create_task(until.wait())
        told.add_done_callback(lambda _: self.wake())
        try:
            while not until.is_set():
                self._news.clear()
                self._planner.follow(self._clock())
                self._count()
                await self._wait()
                # What is due and not done yet is somebody else's to do: no reason to look again at once.
                await asyncio.sleep(STANDBY_SECONDS)
        finally:
            told.cancel()

    def _count(self) -> None:
        self._metrics.objects.set(len(self._store.records))
        self._metrics.running.set(self._planner.running_count)
        self._metrics.queued.set(self._planner.claim_count)

    async def _wait(self) -> None:
        due = self._planner.next_due_time
        seconds = None if due is None else max(0.0, (due - self._clock()).total_seconds())
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        await asyncio.sleep(COALESCE_SECONDS)
