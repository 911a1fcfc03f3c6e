"""The real store, planner and actuator over the faulty cluster, one step at a time, in virtual time."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from backgroundjob_operator.engine.actions import Action, CreateJob, ObjectKey
from backgroundjob_operator.engine.catalogue import Settings
from backgroundjob_operator.engine.planner import Plan, Planner
from backgroundjob_operator.engine.starting import due_time
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.runtime.actuator import Actuator
from backgroundjob_operator.runtime.metrics import Metrics
from model_faults import FaultyCluster
from model_kubelet import Kubelet
from watch_feeds import Feeds

ROUNDS: Final = 60
"""Turns after which a world that is left alone has come to rest."""
FORESEEN: Final = frozenset({"Conflict", "NotFound", "Refused", "Unavailable"})

Place = tuple[str, str, str, str | None]


class CountedMetrics(Metrics):
    """Notes which errors the actuator met."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[str] = []

    def count_failure(self, error: str) -> None:
        self.errors.append(error)


class Life:
    """One operator after another over a cluster that outlives them all."""

    def __init__(self, settings: Settings) -> None:
        self.cluster = FaultyCluster()
        self.kubelet = Kubelet(self.cluster)
        self.feeds = Feeds(self.cluster)
        self.settings = settings
        self.skew = timedelta()
        """What the operator's clock is ahead of the server's."""
        self.violations = self.cluster.violations
        self.latest = self.now
        """The latest time that an operator of this life has read."""
        self.cluster.is_known = lambda uid: uid in self.store._owner_of_job
        self._metrics = CountedMetrics()
        self._loop = asyncio.new_event_loop()
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []
        self._begin()

    @property
    def now(self) -> datetime:
        """The time as the operator reads it."""
        return self.cluster.now + self.skew

    def close(self) -> None:
        """End the process, and the loop."""
        self.crash(late_calls_take_effect=False)
        self._loop.close()

    # What the operator does

    def turn(self) -> bool:
        """Plan once and start the plan. Returns whether there was anything to do."""
        if not self.feeds.is_synced:
            return False
        self.latest = max(self.latest, self.now)
        had_actions = self._loop.run_until_complete(self._plan())
        self._spin()
        return had_actions

    def settle(self) -> None:
        """Bring all news, plan and act until nothing is left to do at this moment."""
        for _ in range(ROUNDS):
            self.feeds.bring_all(self.store)
            if not self.turn() and self.feeds.is_empty:
                return
        self.violations.append("planning does not come to rest")

    def crash(self, *, late_calls_take_effect: bool) -> None:
        """The process ends; the next one begins with empty memory."""
        self.cluster.late_calls_take_effect = late_calls_take_effect
        self.cluster.crash()
        self._loop.run_until_complete(self._bury())
        self._begin()

    def change_settings(self, settings: Settings) -> None:
        """An administrator edits a ConfigMap."""
        self.settings = settings
        self.planner.change_settings(settings)
        for uid in self._uids():
            self.cluster.note(uid, 2)

    def release(self, index: int) -> None:
        """A call that hangs goes on."""
        self.cluster.release(index)
        self._spin()

    def advance(self, seconds: float) -> None:
        """Time passes: the operator wakes when it asked to, processes that must go are gone."""
        end = self.cluster.now + timedelta(seconds=seconds)
        for _ in range(ROUNDS):
            moment = min(self._moments(), default=end)
            if moment > end:
                break
            self._pass_to(moment)
            self.turn()
        self._pass_to(end)
        self.turn()

    def next_moment(self) -> datetime | None:
        """When something is due: for the operator or for the cluster."""
        return min(self._moments(), default=None)

    # Inside

    def _begin(self) -> None:
        self.store = Store(lambda: self.now)
        self.planner = Planner(self.store, self.settings)
        self.actuator = Actuator(
            self.cluster, self.store, self._metrics, idle=lambda: None, sleep=self._sleep
        )
        self.latest = self.now
        self._tasks: list[asyncio.Task[None]] = []
        self._submitted: dict[ObjectKey, tuple[Action, ...]] = {}
        self.feeds.begin()
        for uid in self._uids():
            self.cluster.note(uid, 3)

    def _uids(self) -> list[str]:
        return [one["metadata"]["uid"] for one in self.cluster.objects["BackgroundJob"].values()]

    async def _plan(self) -> bool:
        """Plan, submit, and plan again before anything was done: no await in here."""
        twin = self._twin()
        plan = self.planner.plan(self.now, self.actuator.busy)
        if twin is not None and twin != plan:
            self.violations.append(f"a planner made from lists plans {twin}, this one {plan}")
        for key, actions in plan.items():
            self._check_actions(key, actions)
            self._submitted[key] = actions
            self.actuator.submit(key, actions)
            self._tasks.append(self.actuator._tasks[key])
        again = self.planner.plan(self.now, self.actuator.busy)
        if again:
            self.violations.append(f"planned twice without news: {again}")
        return bool(plan)

    def _spin(self) -> None:
        """Let every task go as far as it can."""
        self._loop.run_until_complete(_yield())
        if self.cluster.is_down:
            self.crash(late_calls_take_effect=False)
        self._tasks = [task for task in self._tasks if not task.done()]
        unforeseen = set(self._metrics.errors) - FORESEEN
        if unforeseen:
            self.violations.append(f"the actuator met {sorted(unforeseen)}")

    async def _bury(self) -> None:
        # Calls that hung may still take effect; what only sleeps ends here.
        await _yield()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._sleepers.clear()

    async def _sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.cluster.now + timedelta(seconds=seconds), future))
        await future

    def _moments(self) -> list[datetime]:
        moments = [time for time, _ in self._sleepers]
        moments += [one.stops_at for one in self.cluster.attempts.values() if one.stops_at is not None]
        due = self.planner.next_due_time
        if due is not None and self.feeds.is_synced:
            moments.append(due - self.skew)
        return moments

    def _pass_to(self, moment: datetime) -> None:
        self.cluster.now = max(moment, self.cluster.now)
        self.kubelet.elapse()
        awake = [one for one in self._sleepers if one[0] <= self.cluster.now]
        self._sleepers = [one for one in self._sleepers if one[0] > self.cluster.now]
        for _, future in awake:
            if not future.done():
                future.set_result(None)
        self._spin()

    def _twin(self) -> Plan | None:
        """The plan of a planner made from lists; None while this one rightly knows more, or less."""
        has_stepped_back = self.now < self.latest
        if has_stepped_back or self.actuator.busy or not self.feeds.is_empty or self._namespaces() > 1:
            return None
        objects, version = self.cluster.objects, self.cluster.version
        store = Store(lambda: self.now)
        store.replace_jobs(objects["Job"].values(), version)
        store.replace_pods(objects["Pod"].values(), version)
        store.replace_background_jobs(objects["BackgroundJob"].values(), version)
        if any(self.store.attempts(one) != store.attempts(one) for one in store.records.values()):
            return None
        return Planner(store, self.settings).plan(self.now, set())

    def _namespaces(self) -> int:
        # Whose turn it is among namespaces is remembered for as long as the process lives.
        return len({namespace for namespace, _ in self.cluster.objects["BackgroundJob"]})

    def _check_actions(self, key: ObjectKey, actions: tuple[Action, ...]) -> None:
        if not any(isinstance(action, CreateJob) for action in actions):
            return
        record = self.store.records[key]
        spec = record.spec
        assert spec is not None
        view = self.planner._view(record)
        wrong = {
            "after its end": record.has_ended,
            "although it is cancelled": spec.cancel,
            "although it is suspended": spec.suspend,
            "before its time": due_time(view) > self.latest,
            "before its dependencies": view.dependencies is not None,
            "after its deadline": view.deadline is not None and view.deadline <= self.now,
        }
        self.violations += [f"{key} starts {text}" for text, holds in wrong.items() if holds]
        if (key.namespace, key.name) in self.cluster.objects["BackgroundJob"]:
            self._check_limits(key)

    def _check_limits(self, key: ObjectKey) -> None:
        """Nothing starts beyond a limit of this moment, by the truth about what runs or is about to."""
        places = [self._place(one) for one in self._running_keys() if one != key] + [self._place(key)]
        mine, config = places[-1], self.settings.config
        namespace, queue, method, concurrency_key = mine
        queue_config = config.queues.get(queue)
        entry = self.settings.allow_list.entries[method].entry if self.settings.allow_list else None
        limits: list[tuple[str, int, int | None]] = [
            ("the cluster", len(places), config.limits.concurrency),
            ("the namespace", _count(places, 0, namespace), config.limits.namespace_concurrency),
            ("the queue", _count(places, 1, queue), queue_config.concurrency if queue_config else None),
            ("the entry", _count(places, 2, method), entry.limits.concurrency if entry else None),
        ]
        if concurrency_key is not None:
            same = [one for one in places if (one[0], one[3]) == (namespace, concurrency_key)]
            limits.append(("the concurrencyKey", len(same), 1))
        if queue_config is not None and queue_config.paused:
            self.violations.append(f"{key} starts although its queue is paused")
        for name, used, limit in limits:
            if limit is not None and used > limit:
                self.violations.append(f"{key} starts as number {used} of the {limit} that {name} allows")

    def _running_keys(self) -> set[ObjectKey]:
        objects = self.cluster.objects["BackgroundJob"]
        running = {
            one.key
            for one in self.cluster.alive()
            if not one.is_of_former_life
            and not self.cluster._is_beyond_knowledge(one)
            and (one.key.namespace, one.key.name) in objects
            and objects[one.key.namespace, one.key.name]["metadata"]["uid"] == one.owner_uid
        }
        about_to = {
            key
            for key in self.actuator.busy
            for action in self._submitted.get(key, ())
            if isinstance(action, CreateJob)
            and self.cluster.attempt_of(action.manifest["metadata"]["name"]) is None
        }
        return {key for key in running | about_to if (key.namespace, key.name) in objects}

    def _place(self, key: ObjectKey) -> Place:
        spec: Mapping[str, Any] = self.cluster.objects["BackgroundJob"][key.namespace, key.name]["spec"]
        method = f"{spec['class']}.{spec['method']}"
        return key.namespace, spec.get("queue", "default"), method, spec.get("concurrencyKey")


def _count(places: list[Place], index: int, value: str) -> int:
    return sum(place[index] == value for place in places)


async def _yield() -> None:
    for _ in range(8):
        await asyncio.sleep(0)
