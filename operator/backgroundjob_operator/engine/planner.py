"""Decides for every object that changed or came due, and hands out the slots.

Awaits nothing, reads no clock. Planning twice without news changes nothing: each action's effect comes
back as an event, and until then its object is busy.
"""

import heapq
from collections.abc import Callable, Mapping, Set
from datetime import datetime

from backgroundjob.policy.effective import Refusal
from backgroundjob_operator.engine.actions import Action, ObjectKey
from backgroundjob_operator.engine.admission import Admission
from backgroundjob_operator.engine.catalogue import Admitted, Settings, admit
from backgroundjob_operator.engine.dependencies import Broken, Unmet, check_dependencies
from backgroundjob_operator.engine.history import History
from backgroundjob_operator.engine.record import BackgroundJobRecord
from backgroundjob_operator.engine.retention import decide_after_end
from backgroundjob_operator.engine.running import decide_running
from backgroundjob_operator.engine.starting import decide_start, show_queued, start
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.engine.view import Decision, View
from backgroundjob_operator.engine.why import Running, Wait, Why, explain

Plan = Mapping[ObjectKey, tuple[Action, ...]]


class Planner:
    """Keeps what the last decisions said: who holds a slot, who claims one, who is due when."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        on_defect: Callable[[ObjectKey, Exception], None] | None = None,
    ) -> None:
        """`on_defect` is told of an object that cannot be decided; without it, the error is raised."""
        self._store = store
        self._settings = settings
        self._on_defect = on_defect
        self.admission = Admission()
        self.history = History()
        self._due: list[tuple[datetime, ObjectKey]] = []
        self._due_of: dict[ObjectKey, datetime] = {}
        self._admissions: dict[ObjectKey, tuple[str, int, Admitted | Refusal]] = {}

    @property
    def settings(self) -> Settings:
        """What the administrator decided, as of the last change."""
        return self._settings

    def change_settings(self, settings: Settings) -> None:
        """Decide everything again under new settings."""
        self._settings = settings
        self._admissions.clear()
        self._store.dirty.update(self._store.records)

    @property
    def running_count(self) -> int:
        """Slots in use."""
        return self.admission.usage.total

    @property
    def claim_count(self) -> int:
        """Objects that are due and wait for a slot."""
        return self.admission.claim_count

    @property
    def next_due_time(self) -> datetime | None:
        """When to plan again if no event comes."""
        while self._due and self._due_of.get(self._due[0][1]) != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def due_time_of(self, key: ObjectKey) -> datetime | None:
        """When to decide this object again if nothing happens to it."""
        return self._due_of.get(key)

    def plan(self, now: datetime, busy: Set[ObjectKey]) -> Plan:
        """Actions by object; those that got a slot come last, in the order of their rank.

        Objects in `busy` have actions under way: they are decided later.
        """
        actions: dict[ObjectKey, tuple[Action, ...]] = {}
        for key in self._take_dirty(now, busy):
            actions[key] = self._decide(key, now)
        decided = list(actions)
        for key in self.admission.grant(now, self._settings.config, busy):
            actions.pop(key, None)
            actions[key] = self._keep(key, start(self._view(self._store.records[key])))
        for key in decided:
            actions[key] += self._show_wait(key, now)
        return {key: todo for key, todo in actions.items() if todo}

    def follow(self, now: datetime) -> None:
        """Decide without acting, as a process does that another one writes for.

        It learns what the other decided from what comes back, so it can explain, and knows who holds a slot.
        """
        for key in self._take_dirty(now, frozenset()):
            self._decide(key, now)

    def explain(self, key: ObjectKey, now: datetime) -> Why | None:
        """Why the object does not run, or how it stands; None when it is not known."""
        record = self._store.records.get(key)
        if record is None:
            return None
        claim, config = self.admission.claim_of(key), self._settings.config
        hold = self.admission.hold(claim, config) if claim is not None else None
        if hold is None:
            return explain(record, None, self.history, now)
        running = [self._running(other, now) for other in self.admission.holders_in(hold)]
        ahead = [self._method(other) for other in self.admission.ahead(key, now, config)]
        return explain(record, Wait(hold=hold, running=tuple(running), ahead=tuple(ahead)), self.history, now)

    def _running(self, key: ObjectKey, now: datetime) -> Running:
        record = self._store.records.get(key)
        attempts = self._store.attempts(record) if record is not None else {}
        job = attempts[max(attempts)].job if attempts else None
        return Running(method=self._method(key), since=job.creation_time if job is not None else now)

    def _method(self, key: ObjectKey) -> str:
        record = self._store.records.get(key)
        return f"{record.class_name}.{record.method}" if record is not None else ""

    def _take_dirty(self, now: datetime, busy: Set[ObjectKey]) -> list[ObjectKey]:
        due = self.next_due_time
        while due is not None and due <= now:
            _, key = heapq.heappop(self._due)
            del self._due_of[key]
            self._store.dirty.add(key)
            due = self.next_due_time
        ready = self._store.dirty - busy
        self._store.dirty -= ready
        return sorted(ready)

    def _decide(self, key: ObjectKey, now: datetime) -> tuple[Action, ...]:
        try:
            return self._decision(key, now)
        except Exception as error:
            if self._on_defect is None:
                raise
            # What it holds stays held: it may run. A restart would meet the same object again.
            self._on_defect(key, error)
            return ()

    def _decision(self, key: ObjectKey, now: datetime) -> tuple[Action, ...]:
        record = self._store.records.get(key)
        if record is None:
            self._admissions.pop(key, None)
            return self._keep(key, Decision())
        view = self._view(record)
        if record.is_deleting:
            return self._keep(key, Decision())
        if record.has_ended:
            self.history.note(record)
            return self._keep(key, decide_after_end(view, now))
        number = view.current_number
        if number is not None:
            return self._keep(key, decide_running(view, number, now))
        return self._keep(key, decide_start(view, now))

    def _keep(self, key: ObjectKey, decision: Decision) -> tuple[Action, ...]:
        if decision.holds_slot is None:
            self.admission.release(key)
        else:
            self.admission.hold_slot(key, decision.holds_slot, decision.since)
        if decision.claim is None:
            self.admission.withdraw(key)
        else:
            self.admission.claim(key, decision.claim)
        if decision.look_again_at is None:
            self._due_of.pop(key, None)
        elif self._due_of.get(key) != decision.look_again_at:
            self._due_of[key] = decision.look_again_at
            heapq.heappush(self._due, (decision.look_again_at, key))
        return decision.actions

    def _show_wait(self, key: ObjectKey, now: datetime) -> tuple[Action, ...]:
        claim = self.admission.claim_of(key)
        hold = self.admission.hold(claim, self._settings.config) if claim is not None else None
        if claim is None or hold is None:
            return ()
        return show_queued(self._view(self._store.records[key]), claim, hold, now)

    def _view(self, record: BackgroundJobRecord) -> View:
        return View(
            record=record,
            attempts=self._store.attempts(record),
            admission=self._admitted(record),
            settings=self._settings,
            dependencies=self._dependencies(record),
            has_dependents=any(
                not self._store.records[key].has_ended
                for key in self._store.dependents(record.key)
                if key in self._store.records
            ),
        )

    def _dependencies(self, record: BackgroundJobRecord) -> Unmet | Broken | None:
        if record.attempts or record.has_ended:
            return None  # they held when the first attempt started
        namespace = record.key.namespace
        return check_dependencies(record, lambda name: self._store.records.get(ObjectKey(namespace, name)))

    def _admitted(self, record: BackgroundJobRecord) -> Admitted | Refusal | None:
        if record.spec is None:
            return None
        known = self._admissions.get(record.key)
        if known is not None and known[:2] == (record.uid, record.generation):
            return known[2]
        answer = admit(record.spec, record.key.namespace, self._settings)
        self._admissions[record.key] = (record.uid, record.generation, answer)
        return answer
