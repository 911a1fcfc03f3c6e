"""The real store, planner and actuator against everything that can happen, in any order.

Assumed of the world, and of nothing else: a watch is never silently behind for more than
`WATCH_LAG_SECONDS`; a process that was asked to go, or whose pod was removed by force, is gone within
`STOP_SECONDS`; the operator's clock steps back by seconds, not by minutes.
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, core
from hypothesis import seed as seeded
from hypothesis import settings as profile_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from backgroundjob.api.reasons import Reason, State
from backgroundjob_operator.cluster.port import ClusterError, Conflict, Document, Refused, Unavailable
from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_operator.engine.catalogue import Settings
from life import Life
from model_kubelet import Happening, has_ended
from model_rules import edit_refusal
from watch_feeds import KINDS
from world import EMAIL, ENTRIES
from world import settings as make_settings

WATCH_LAG_SECONDS: Final = 20
NAMES: Final = ("j0", "j1", "j2", "j3", "j4")
METHODS: Final = ("send", "slow", "missing")
ENDED: Final = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.REJECTED})
NAMED_WAITS: Final = frozenset(
    {
        Reason.SUSPENDED,
        Reason.WAITING_FOR_DEPENDENCIES,
        Reason.QUEUE_PAUSED,
        Reason.ALLOW_LIST_UNAVAILABLE,
    }
)
TIMES: Final = {
    "startDeadlineSeconds": 60,
    "nodeLostGraceSeconds": 60,
    "keepSucceededJobsSeconds": 100,
    "keepFailedJobsSeconds": 200,
}
pick = st.integers(0, 11)
seldom = st.sampled_from([False] * 5 + [True])


def entries(slow_limit: int = 1, *, with_slow: bool = True) -> dict[str, Any]:
    entry = {**ENTRIES["EmailJob.send"], "target": "jobs.email:EmailJob.slow"}
    slow = {"EmailJob.slow": {**entry, "limits": {"concurrency": slow_limit}}}
    return {**ENTRIES, **(slow if with_slow else {})}


configurations = st.fixed_dictionaries(
    {
        "allowed": st.sampled_from(["all"] * 6 + ["no slow", "none"]),
        "cluster": st.sampled_from([1, 1, 2, 4]),
        "namespace": st.sampled_from([None, None, 1, 2]),
        "slow": st.integers(1, 2),
        "mail": st.integers(1, 2),
        "paused": seldom,
    }
)


def configured(numbers: Document) -> Settings:
    by_namespace = {"namespaceConcurrency": numbers["namespace"]} if numbers["namespace"] else {}
    allowed = entries(numbers["slow"], with_slow=numbers["allowed"] == "all")
    return make_settings(
        None if numbers["allowed"] == "none" else allowed,
        limits={"concurrency": numbers["cluster"], **by_namespace},
        queues={"mail": {"concurrency": numbers["mail"], "paused": numbers["paused"]}},
        times=TIMES,
    )


@st.composite
def specs(draw: st.DrawFn) -> Document:
    delay = draw(st.sampled_from([None, None, None, 0, 5]))
    retry = {
        "maxAttempts": draw(st.integers(1, 3)),
        "maxDisruptions": draw(st.integers(0, 2)),
        "delaySeconds": draw(st.sampled_from([0, 1, 10])),
        "backoff": draw(st.sampled_from(["Fixed", "Exponential"])),
    }
    depends = draw(st.lists(st.sampled_from([*NAMES, "ghost"]), max_size=2, unique=True) | st.just([]))
    condition = st.sampled_from(["Succeeded", "Finished"])
    optional = {
        "delaySeconds": delay,
        "queue": draw(st.sampled_from([None, "mail", "mail"])),
        "concurrencyKey": draw(st.sampled_from([None, None, "key"])),
        "priority": draw(st.sampled_from([None, None, None, "high", "high", -5, "nobody-defined-it"])),
        "deadlineSeconds": draw(st.sampled_from([None, None, None, 30, 400])),
        "ttlSecondsAfterFinished": draw(st.sampled_from([None, None, 0, 150])),
        "dependsOn": [{"name": name, "condition": draw(condition)} for name in depends] or None,
        "suspend": draw(seldom) or None,
    }
    method = draw(st.sampled_from([*METHODS[:2]] * 4 + [METHODS[2]]))
    given = {name: value for name, value in optional.items() if value is not None}
    return {**EMAIL, "method": method, "retry": retry, **given}


def refused_create(name: str, spec: Document) -> bool:
    depends_on_itself = any(one["name"] == name for one in spec.get("dependsOn", ()))
    return depends_on_itself or edit_refusal({"spec": spec}, {}) is not None


ERRORS: Final[dict[str, list[ClusterError]]] = {
    "create_job": [Unavailable("lost"), Refused("exceeded quota")],
    "get_job": [Unavailable("lost")],
    "patch_status": [Unavailable("lost"), Conflict("stale")],
    "get_background_job": [Unavailable("lost")],
    "delete_job": [Unavailable("lost")],
    "delete_background_job": [Unavailable("lost")],
    "emit": [Unavailable("lost"), Refused("forbidden")],
}


class LifeMachine(RuleBasedStateMachine):
    """Rules are what happens; invariants are what must hold all the same."""

    held_examples = 0

    @initialize(first=configurations, spec=st.lists(specs(), min_size=1, max_size=3))
    def begin(self, first: Document, spec: list[Document]) -> None:
        self.numbers = first
        self.life = Life(configured(first))
        self.cluster = self.life.cluster
        self.behind_since = self.cluster.now
        for name, one in zip(NAMES, spec, strict=False):
            self.create(name, "a", one)
        self.everything_arrives()

    # People

    @rule(name=st.sampled_from(NAMES), namespace=st.sampled_from(["a", "a", "a", "b"]), spec=specs())
    def create(self, name: str, namespace: str, spec: Document) -> None:
        if (namespace, name) in self.cluster.objects["BackgroundJob"] or refused_create(name, spec):
            return
        key = self.cluster.apply(name, spec, namespace)
        self.cluster.note(self._object(key)["metadata"]["uid"], 3)
        self._note_all()

    @rule(index=pick, changes=st.sampled_from(
        [{"suspend": True}, {"suspend": False}, {"cancel": True}, {"priority": 50}, {"priority": -50},
         {"ttlSecondsAfterFinished": 5}, {"ttlSecondsAfterFinished": 500}, {"deadlineSeconds": 45},
         {"deadlineSeconds": 500}]))  # fmt: skip
    def edit(self, index: int, changes: Document) -> None:
        for key in self._some_key(index):
            self._edit(key, changes)

    @rule(index=pick, fields=st.sampled_from([{}, {"cancel": False}, {"cancel": False, "suspend": False}]))
    def restart(self, index: int, fields: Document) -> None:
        for key in self._some_key(index):
            self._edit(key, {**fields, "restarts": self._object(key)["spec"].get("restarts", 0) + 1})

    @rule(index=pick)
    def delete_object(self, index: int) -> None:
        for key in self._some_key(index):
            self.cluster.remove("BackgroundJob", key.namespace, key.name)
            self._note_all()

    @rule(new=configurations)
    def change_settings(self, new: Document) -> None:
        # A ConfigMap that cannot be read any more leaves the last good one in force.
        if new["allowed"] == "none" and self.numbers["allowed"] != "none":
            self.crash(late=False)
        self.numbers = new
        self.life.change_settings(configured(new))
        self.life.turn()

    @rule(allowed=st.sampled_from(["all", "no slow", "none"]))
    def change_the_allow_list(self, allowed: str) -> None:
        self.change_settings({**self.numbers, "allowed": allowed})

    # The rest of the cluster

    @rule(index=pick, what=st.sampled_from(Happening))
    def happen(self, index: int, what: Happening) -> None:
        current = [one for one in self.cluster.attempts.values() if one.exists or one.stops_at is not None]
        if current:
            attempt = current[index % len(current)]
            if attempt.stops_at is not None:
                self.life.kubelet.stop(attempt, what)
            else:
                self.life.kubelet.happen(attempt, what)

    @rule()
    def controllers_catch_up(self) -> None:
        self.life.kubelet.catch_up()

    # What the operator hears of it

    @rule()
    def everything_arrives(self) -> None:
        self.life.feeds.bring_all(self.life.store)
        self.life.turn()

    @rule()
    def settle(self) -> None:
        self.life.kubelet.catch_up()
        self.life.settle()

    @rule(kind=st.sampled_from(KINDS), count=st.integers(1, 4))
    def some_events_arrive(self, kind: str, count: int) -> None:
        self.life.feeds.bring(kind, self.life.store, count)
        self.life.turn()

    @rule(kind=st.sampled_from(KINDS), index=pick)
    def an_event_arrives_again(self, kind: str, index: int) -> None:
        self.life.feeds.repeat(kind, self.life.store, index)
        self.life.turn()

    @rule(kind=st.sampled_from(KINDS))
    def a_watch_breaks(self, kind: str) -> None:
        self.life.feeds.ask_for_list(kind)

    @rule(kind=st.sampled_from(KINDS))
    def a_list_arrives(self, kind: str) -> None:
        self.life.feeds.bring_list(kind, self.life.store)
        self.life.turn()

    # What goes wrong

    @rule(call=st.sampled_from(sorted(ERRORS)), index=pick, takes_effect=st.booleans())
    def a_call_fails(self, call: str, index: int, takes_effect: bool) -> None:
        error = ERRORS[call][index % len(ERRORS[call])]
        effect = takes_effect and isinstance(error, Unavailable)
        self.cluster.faults.append((call, error, effect))
        for uid in self.life._uids():
            self.cluster.note(uid, 2)

    @rule(spec=specs())
    def a_better_one_comes_while_the_answer_of_a_create_is_lost(self, spec: Document) -> None:
        self.cluster.faults.insert(0, ("create_job", Unavailable("lost"), True))
        for priority in (-5, "high"):
            free = [one for one in NAMES if ("a", one) not in self.cluster.objects["BackgroundJob"]]
            for name in free[:1]:
                self.create(name, "a", {**spec, "priority": priority})
            self.some_events_arrive("BackgroundJob", 9)
        self.life.advance(1)

    @rule(where=st.lists(st.sampled_from(["before", "after"]), min_size=1, max_size=3))
    def calls_hang(self, where: list[Any]) -> None:
        self.cluster.holds = where

    @rule(index=pick)
    def a_call_goes_on(self, index: int) -> None:
        self.life.release(index)
        self.life.turn()

    @rule(late=st.booleans())
    def crash(self, late: bool) -> None:
        self.life.crash(late_calls_take_effect=late)

    @rule(index=pick)
    def a_job_is_deleted_while_nobody_watches(self, index: int) -> None:
        self.happen(index, Happening.RUN)
        self.everything_arrives()
        self.crash(late=False)
        self.happen(index, Happening.DELETE_JOB)
        self.everything_arrives()
        self.life.advance(11)

    @rule(calls=st.integers(0, 3), takes_effect=st.booleans())
    def crash_between_two_actions(self, calls: int, takes_effect: bool) -> None:
        self.cluster.crash_in = (calls, takes_effect)
        self.everything_arrives()

    @rule(seconds=st.sampled_from([1, 1, 3, 10, 11, 60, 130]))
    def time_passes(self, seconds: int) -> None:
        for _ in range(0, seconds, WATCH_LAG_SECONDS):
            self.life.advance(min(seconds, WATCH_LAG_SECONDS))
            if self.cluster.now - self.behind_since > timedelta(seconds=WATCH_LAG_SECONDS):
                self.everything_arrives()
                self.behind_since = self.cluster.now

    @rule(seconds=st.integers(-4, 4))
    def the_clock_is_corrected(self, seconds: int) -> None:
        self.life.skew = timedelta(seconds=seconds)
        self.life.turn()

    # What holds

    @invariant()
    def nothing_is_violated(self) -> None:
        if hasattr(self, "life"):
            assert self.life.violations == [], self.life.violations

    def teardown(self) -> None:
        if not hasattr(self, "life"):
            return
        try:
            self._come_to_rest()
            LifeMachine.held_examples += 1
        finally:
            self.life.close()

    def _come_to_rest(self) -> None:
        """Leave everything alone, then give everything what it waits for."""
        if self.life.violations:
            return
        self.cluster.faults.clear()
        self.cluster.holds.clear()
        self.cluster.crash_in = None
        self.life.skew = timedelta()
        while self.cluster.held:
            self.life.release(0)
        self._run_to_the_end()
        self._check_rest()
        self._give_what_is_awaited()
        self._run_to_the_end()
        assert self.life.violations == [], self.life.violations
        assert self._unfinished() == [], self._unfinished()
        self._check_memory()

    def _check_rest(self) -> None:
        assert self.life.violations == [], self.life.violations
        for document in self._unfinished():
            assert document.get("status", {}).get("reason") in NAMED_WAITS, document
        for uid, writes in self.cluster.writes.items():
            news = self.cluster.news.get(uid, 0)
            assert writes <= 6 + 2 * news, f"{writes} status writes after {news} news"

    def _check_memory(self) -> None:
        """Nothing is remembered of objects that are gone."""
        for key in self._keys():
            self.cluster.remove("BackgroundJob", key.namespace, key.name)
        self._run_to_the_end()
        store, planner = self.life.store, self.life.planner
        remembered = (store.records, store._jobs, store._pods, store._owner_of_job)
        assert remembered == ({}, {}, {}, {}), remembered
        counts = (planner.running_count, planner.claim_count, planner.next_due_time)
        assert counts == (0, 0, None), counts

    def _give_what_is_awaited(self) -> None:
        self.life.change_settings(make_settings(entries(), times=TIMES))
        for namespace in ("a", "b"):
            for name in (*NAMES, "ghost"):
                if (namespace, name) not in self.cluster.objects["BackgroundJob"]:
                    self.cluster.apply(name, EMAIL, namespace)
        for key in self._keys():
            self._edit(key, {"suspend": False})

    def _run_to_the_end(self) -> None:
        """Every process ends by itself; time passes for as long as something is due soon."""
        horizon = timedelta(seconds=3000)
        for _ in range(150):
            self.life.settle()
            for attempt in list(self.cluster.attempts.values()):
                self.life.kubelet.happen(attempt, Happening.SUCCEED)
            self.life.kubelet.catch_up()
            self.life.settle()
            moment = self.life.next_moment()
            is_stopping = any(one.stops_at is not None for one in self.cluster.attempts.values())
            if not self._unfinished() and not self.cluster.alive() and not is_stopping:
                break
            if moment is None or moment > self.cluster.now + horizon:
                break
            self.life.advance(max(0.0, (moment - self.cluster.now).total_seconds()))
        self.life.settle()

    def _unfinished(self) -> list[Document]:
        return [one for one in self.cluster.objects["BackgroundJob"].values() if not has_ended(one)]

    def _keys(self) -> list[ObjectKey]:
        return [ObjectKey(*place) for place in self.cluster.objects["BackgroundJob"]]

    def _some_key(self, index: int) -> Iterator[ObjectKey]:
        keys = self._keys()
        if keys:
            yield keys[index % len(keys)]

    def _object(self, key: ObjectKey) -> Document:
        return self.cluster.objects["BackgroundJob"][key.namespace, key.name]

    def _edit(self, key: ObjectKey, changes: Document) -> None:
        document = self._object(key)
        if edit_refusal(document, changes) is None:
            self.cluster.edit(key, **changes)
            self.cluster.note(document["metadata"]["uid"], 3)
            self._note_all()

    def _note_all(self) -> None:
        """Others may wait for it."""
        for uid in self.life._uids():
            self.cluster.note(uid)


def test_any_life_keeps_every_promise(capsys: pytest.CaptureFixture[str]) -> None:
    is_thorough = profile_settings().max_examples >= 2000
    examples = 2000 if is_thorough else 100
    steps = 40 if is_thorough else 30
    seed = core.global_force_seed if core.global_force_seed is not None else random.randrange(2**32)
    profile = profile_settings.get_current_profile_name()
    with capsys.disabled():
        print(
            f"\nlife machine: profile {profile}, max_examples={examples}, --hypothesis-seed={seed}",
            flush=True,
        )
    LifeMachine.held_examples = 0
    run_state_machine_as_test(
        seeded(seed)(LifeMachine),
        settings=profile_settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            print_blob=True,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    with capsys.disabled():
        print(f"life machine: {LifeMachine.held_examples} examples without a violation", end="")
    assert LifeMachine.held_examples >= examples
