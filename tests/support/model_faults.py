"""The model API server with slow calls, crashes in the middle of a call, and a kubelet that takes its time.

Knows the truth that the operator has to infer: which attempts live, and where they count.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from backgroundjob.api import labels
from backgroundjob.api.reasons import Outcome
from backgroundjob_operator.cluster.port import ClusterError, Document, Refused
from backgroundjob_operator.engine.actions import ObjectKey
from model_cluster import ModelCluster, merged
from model_rules import terminal

STOP_SECONDS: Final = 20
"""The longest that a process lives on after its pod was asked to go."""

T = TypeVar("T")
Process = Literal["none", "running", "ended"]


class Crash(BaseException):
    """The operator's process ended here."""


@dataclass(slots=True, kw_only=True)
class Attempt:
    """The truth about one Job that was created."""

    uid: str
    job_name: str
    owner_uid: str
    key: ObjectKey
    number: int
    life: int
    """In which life of the operator it was created."""
    process: Process = "none"
    exists: bool = True
    is_finished: bool = False
    is_of_former_life: bool = False
    """Its create was under way when the process ended and took effect later: nobody could count it."""
    stops_at: datetime | None = None
    """When its process is gone at the latest, once it was asked to go."""

    @property
    def is_alive(self) -> bool:
        """Whether its code runs or may still start."""
        return self.process == "running" or (
            self.process == "none" and self.exists and not self.is_finished and self.stops_at is None
        )


@dataclass(slots=True)
class HeldCall:
    """A call that waits on its way to the server, or its answer on the way back."""

    name: str
    until: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class FaultyCluster(ModelCluster):
    """A `ModelCluster` whose calls can hang or be the last of their process."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts: dict[str, Attempt] = {}
        """By uid of the Job."""
        self.violations: list[str] = []
        self.life = 0
        self.is_down = False
        self.crash_in: tuple[int, bool] | None = None
        """After how many calls the process ends, and whether that call takes effect."""
        self.holds: list[Literal["before", "after"]] = []
        """Where the next calls hang."""
        self.held: list[HeldCall] = []
        self.late_calls_take_effect = False
        self.unrecorded: set[tuple[str, int]] = set()
        """Attempts whose Job somebody deleted before any status named them."""
        self.forgotten: set[tuple[str, int]] = set()
        """Those of them that no operator can know of any more: their numbers may be used again."""
        self.is_known: Callable[[str], bool] = lambda uid: True
        """Whether the operator of this life has seen the Job of that uid."""
        self.writes: dict[str, int] = {}
        """Writes by uid of the BackgroundJob."""
        self.news: dict[str, int] = {}
        """What happened to it, by uid: the writes are bounded by it."""

    # The port, call by call

    async def create_job(self, manifest: Mapping[str, Any]) -> Document:
        return await self._call("create_job", lambda: super(FaultyCluster, self).create_job(manifest))

    async def get_job(self, namespace: str, name: str) -> Document:
        return await self._call("get_job", lambda: super(FaultyCluster, self).get_job(namespace, name))

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        await self._call("delete_job", lambda: super(FaultyCluster, self).delete_job(namespace, name, uid))

    async def get_background_job(self, key: ObjectKey) -> Document:
        return await self._call(
            "get_background_job", lambda: super(FaultyCluster, self).get_background_job(key)
        )

    async def patch_status(self, key: ObjectKey, patch: Mapping[str, Any], resource_version: str) -> Document:
        async def write() -> Document:
            before = self.objects["BackgroundJob"].get((key.namespace, key.name))
            try:
                return await super(FaultyCluster, self).patch_status(key, patch, resource_version)
            except Refused as error:
                self.violations.append(f"the server refuses the status of {key}: {error}")
                raise
            finally:
                if before is not None:
                    self._check_status(key, before)

        return await self._call("patch_status", write)

    async def delete_background_job(self, key: ObjectKey, uid: str) -> None:
        await self._call(
            "delete_background_job", lambda: super(FaultyCluster, self).delete_background_job(key, uid)
        )

    # Crashes and slow calls

    async def _call(self, name: str, effect: Callable[[], Awaitable[T]]) -> T:
        life = self.life
        if self.is_down:
            raise Crash
        takes_effect = True
        if self.crash_in is not None:
            calls, takes_effect = self.crash_in
            self.crash_in = (calls - 1, takes_effect)
            self.is_down = calls == 0
        if self.is_down and not takes_effect:
            raise Crash
        if not self.is_down and self.holds:
            where = self.holds.pop(0)
            if where == "before":
                await self._hang(name)
                if self.life != life and not self.late_calls_take_effect:
                    raise Crash
                answer = await self._late(effect) if self.life != life else await effect()
            else:
                answer = await self._answer_late(name, effect)
        else:
            answer = await effect()
        if self.life != life or self.is_down:
            raise Crash
        return answer

    async def _answer_late(self, name: str, effect: Callable[[], Awaitable[T]]) -> T:
        try:
            answer = await effect()
        except ClusterError:
            await self._hang(name)
            raise
        await self._hang(name)
        return answer

    async def _late(self, effect: Callable[[], Awaitable[T]]) -> T:
        before = set(self.attempts)
        try:
            return await effect()
        except ClusterError as error:
            raise Crash from error
        finally:
            for uid in set(self.attempts) - before:
                self.attempts[uid].is_of_former_life = True

    async def _hang(self, name: str) -> None:
        call = HeldCall(name)
        self.held.append(call)
        await call.until

    def release(self, index: int) -> None:
        """Let one call that hangs go on."""
        if self.held:
            call = self.held.pop(index % len(self.held))
            if not call.until.done():
                call.until.set_result(None)

    def crash(self) -> None:
        """The process is gone: whatever it had under way reaches nobody."""
        self.life += 1
        self.is_down = False
        self.crash_in = None
        self.holds.clear()
        self.forgotten |= {one for one in self.unrecorded if not self._is_recorded(*one)}
        while self.held:
            self.release(0)

    # Truth

    def alive(self) -> list[Attempt]:
        """Attempts whose code runs or may still start, of objects that exist."""
        return [one for one in self.attempts.values() if one.is_alive]

    def attempt_of(self, job_name: str) -> Attempt | None:
        """The newest attempt under that Job name."""
        return next((one for one in reversed(self.attempts.values()) if one.job_name == job_name), None)

    def note(self, uid: str, count: int = 1) -> None:
        """Something happened to the object that may be worth writes."""
        self.news[uid] = self.news.get(uid, 0) + count

    def _is_recorded(self, owner_uid: str, number: int) -> bool:
        owner = self._owner(owner_uid)
        ledger = owner.get("status", {}).get("attempts", ()) if owner else ()
        return any(one["number"] == number for one in ledger)

    def _owner(self, uid: str) -> Document | None:
        objects = self.objects["BackgroundJob"].values()
        return next((one for one in objects if one["metadata"]["uid"] == uid), None)

    def _store(self, kind: str, document: Document, event_type: str) -> Document:
        stored = super()._store(kind, document, event_type)
        if kind == "Job" and event_type == "ADDED":
            self._note_create(stored)
        return stored

    def _note_create(self, job: Document) -> None:
        metadata = job["metadata"]
        owner_uid = metadata["ownerReferences"][0]["uid"]
        number = int(metadata["labels"][labels.ATTEMPT_LABEL])
        known = [one for one in self.attempts.values() if one.owner_uid == owner_uid]
        latest = max((one.number for one in known), default=0)
        if number <= latest and (owner_uid, number) not in self.forgotten:
            # The number is the fencing token: it must grow, over restarts too.
            self.violations.append(f"attempt {number} of {metadata['name']} was created after {latest}")
        for other in known:
            if other.is_alive and not self._is_beyond_knowledge(other):
                self.violations.append(f"{metadata['name']} was created while {other.job_name} was alive")
        self.attempts[metadata["uid"]] = Attempt(
            uid=metadata["uid"],
            job_name=metadata["name"],
            owner_uid=owner_uid,
            key=ObjectKey(metadata["namespace"], metadata["ownerReferences"][0]["name"]),
            number=number,
            life=self.life,
        )
        self.note(owner_uid, 3)

    def _is_beyond_knowledge(self, attempt: Attempt) -> bool:
        """Whether only a former life could know of its process: neither its Job nor its pod is left."""
        pods = self.objects["Pod"].values()
        has_pod = any(pod["metadata"]["ownerReferences"][0]["uid"] == attempt.uid for pod in pods)
        return attempt.life != self.life and not attempt.exists and not has_pod

    def remove(self, kind: str, namespace: str, name: str) -> None:
        uid = self.objects[kind][(namespace, name)]["metadata"]["uid"]
        super().remove(kind, namespace, name)
        if kind == "Job" and uid in self.attempts:
            one = self.attempts[uid]
            one.exists = False
            self.note(one.owner_uid)

    def _stop_pod(self, pod: Document) -> None:
        """Ask the kubelet; `model_kubelet` does the rest within STOP_SECONDS."""
        if "deletionTimestamp" not in pod["metadata"]:
            self.ask_pod_to_go(pod)

    def ask_pod_to_go(self, pod: Document, condition: Mapping[str, Any] | None = None) -> None:
        """Set the deletionTimestamp, and a DisruptionTarget condition if given."""
        stops_at = self.now + timedelta(seconds=STOP_SECONDS)
        attempt = self.attempts[pod["metadata"]["ownerReferences"][0]["uid"]]
        attempt.stops_at = min(stops_at, attempt.stops_at or stops_at)
        change: Document = {"metadata": {"deletionTimestamp": stops_at.strftime("%Y-%m-%dT%H:%M:%SZ")}}
        if condition is not None:
            change["status"] = {"conditions": [dict(condition)]}
        self._store("Pod", merged(pod, change), "MODIFIED")
        self.note(attempt.owner_uid)

    def _check_status(self, key: ObjectKey, before: Document) -> None:
        after = self.objects["BackgroundJob"].get((key.namespace, key.name))
        if after is None or after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]:
            return
        uid = after["metadata"]["uid"]
        self.writes[uid] = self.writes.get(uid, 0) + 1
        self.violations += [f"{key}: {problem}" for problem in status_problems(before, after)]


def status_problems(before: Document, after: Document) -> list[str]:
    """What is wrong with a status write that the server took."""
    old, new = before.get("status", {}), after.get("status", {})
    retry = after["spec"].get("retry", {})
    problems = []
    restarted = new.get("restartsObserved", 0) > old.get("restartsObserved", 0)
    if terminal(old) is not None and not restarted and new.get("state") != old.get("state"):
        problems.append(f"{old.get('state')} was overwritten with {new.get('state')}")
    if new.get("attemptCount", 0) > retry.get("maxAttempts", 3):
        problems.append(f"{new['attemptCount']} charged attempts of {retry.get('maxAttempts', 3)}")
    # maxDisruptions are forgiven. One more is counted only when it is the end.
    last = (new.get("attempts") or [{}])[-1]
    is_end = terminal(new) is not None and last.get("outcome") == Outcome.DISRUPTED
    if new.get("disruptionCount", 0) - is_end > retry.get("maxDisruptions", 10):
        problems.append(f"{new['disruptionCount']} disruptions of {retry.get('maxDisruptions', 10)}")
    return problems
