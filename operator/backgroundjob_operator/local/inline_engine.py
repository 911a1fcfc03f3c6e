"""The engine of the inline backend: store, planner and performer by turns, on a clock that only it moves.

Nothing here runs by itself, and nothing waits: the calls of the port that are coroutines never suspend.
"""

import itertools
import uuid
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from backgroundjob_operator.engine.catalogue import Settings
from backgroundjob_operator.engine.planner import Planner
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.local.cluster import Follower, LocalCluster
from backgroundjob_operator.local.inline_node import InlineNode
from backgroundjob_operator.local.objects import Objects
from backgroundjob_operator.local.secret_files import ReadKey
from backgroundjob_operator.runtime.metrics import Metrics
from backgroundjob_operator.runtime.performer import Performer

_NOBODY = frozenset[Any]()


class InlineEngine:
    """One thread at a time may use it; `objects` alone are safe for all."""

    def __init__(self, settings: Callable[[], Settings], start: datetime, read_key: ReadKey) -> None:
        self.now = start
        self._settings = settings
        self.objects = Objects(":memory:", self._clock, _ordered_uids())
        self.node = InlineNode(self.objects, self._clock, read_key)
        self._store = Store(self._clock)
        self._planner = Planner(self._store, settings())
        cluster = LocalCluster(self.objects, clock=self._clock, transition=lambda _: None)
        self._performer = Performer(cluster, self._store, Metrics())
        self._follower = Follower(self.objects, self._store, self.node, cluster.news, wake=lambda: None)

    @property
    def is_behind(self) -> bool:
        """Whether something was written that it has not taken in."""
        return self._follower.is_behind

    def step(self) -> bool:
        """Do what is next at this moment. Whether there was anything to do."""
        self._follower.feed()
        settings = self._settings()  # after the feed: what it brought was allowed before it was stored
        if settings is not self._planner.settings:
            self._planner.change_settings(settings)
        plan = self._planner.plan(self.now, _NOBODY)
        for actions in plan.values():
            for action in actions:
                _complete(self._performer.perform(action))
        return bool(plan) or self.node.step()

    def step_or_jump(self) -> bool:
        """The same, and without anything to do go to the next moment at which a job needs a decision.

        What is left when this says no needs somebody to act. Jobs that have ended are kept: nothing of
        theirs is a reason to jump.
        """
        if self.step():
            return True
        due = [
            self._planner.due_time_of(key)
            for key, record in self._store.records.items()
            if not record.has_ended
        ]
        return self._jump(min((time for time in due if time is not None), default=None))

    def advance_to(self, end: datetime) -> bool:
        """One step on the way to that time. Whether there are more."""
        if self.step():
            return True
        due = self._planner.next_due_time
        if due is not None and due <= end:
            return self._jump(due)
        self.now = max(self.now, end)
        self._follower.sweep_once(self.now)
        return self._follower.is_behind

    def _jump(self, due: datetime | None) -> bool:
        if due is None:
            return False
        self.now = max(self.now, due)
        return True

    def _clock(self) -> datetime:
        return self.now


def _ordered_uids() -> Callable[[], str]:
    """Uids that sort by their age: they settle what is equal in rank, and the clock stands at submissions."""
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):08x}{str(uuid.uuid4())[8:]}"


def _complete(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("a call of the local cluster suspended")
