"""The port over SQLite and processes, and the events that come back."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from backgroundjob.api import labels
from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.engine.actions import EmitEvent, ObjectKey
from backgroundjob_operator.engine.names import event_name
from backgroundjob_operator.engine.record import format_time
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.local import documents
from backgroundjob_operator.local.objects import Objects

POLL_SECONDS: Final = 0.1
"""How often writes of other processes are looked for. Local mode only: SQLite has no watch."""
SWEEP_SECONDS: Final = 30.0


class LocalCluster:
    """What the actuator may do, on this machine."""

    def __init__(
        self, objects: Objects, *, clock: Callable[[], datetime], transition: Callable[[Document], None]
    ) -> None:
        self._objects = objects
        self._clock = clock
        self._transition = transition
        """Told a BackgroundJob whose state or reason a status write has changed."""
        self.news = asyncio.Event()
        """Set by every write of this process that the engine has to be told of."""

    async def create_job(self, manifest: Mapping[str, Any]) -> Document:
        """Store the Job and its pod at once; the node starts the process when it sees the pod."""
        status = documents.job_status(format_time(self._clock()))
        job = self._objects.create({**manifest, "status": status}, child=documents.pod_of)
        self.news.set()
        return job

    async def get_job(self, namespace: str, name: str) -> Document:
        """Read one Job."""
        return self._objects.get("Job", namespace, name)

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        """Delete exactly this Job; its process is stopped."""
        self._objects.delete("Job", namespace, name, uid)
        self.news.set()

    async def get_background_job(self, key: ObjectKey) -> Document:
        """Read one BackgroundJob."""
        return self._objects.get(labels.KIND, key.namespace, key.name)

    async def patch_status(self, key: ObjectKey, patch: Mapping[str, Any], resource_version: str) -> Document:
        """Merge-patch the status if the object still has that version."""
        document = self._objects.patch(
            labels.KIND, key.namespace, key.name, {"status": patch}, resource_version
        )
        # A retry that fails before Running was written goes from Retrying to Retrying: its count tells.
        # A restart that has to wait has no state until the wait is told.
        is_told = "state" in document["status"]
        if is_told and {"state", "reason", "attemptCount", "disruptionCount"} & patch.keys():
            self._transition(document)
        return document

    async def delete_background_job(self, key: ObjectKey, uid: str) -> None:
        """Delete exactly this BackgroundJob and what it owns."""
        self._objects.delete(labels.KIND, key.namespace, key.name, uid)
        self.news.set()

    async def emit(self, event: EmitEvent) -> None:
        """Store an Event, as the API has them; it goes with its object."""
        now = format_time(self._clock())
        about = {
            "apiVersion": labels.API_VERSION,
            "kind": labels.KIND,
            "namespace": event.owner.namespace,
            "name": event.owner.name,
            "uid": event.uid,
        }
        document = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "namespace": event.owner.namespace,
                "name": event_name(event.owner.name, event.uid, event.identity),
            },
            "involvedObject": about,
            "type": event.type,
            "reason": event.reason,
            "message": event.note,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        self._objects.create(document)


class Pods(Protocol):
    """What runs pods."""

    def pod_seen(self, event_type: str, pod: Document) -> None:
        """Take in a version of a pod."""


class Follower:
    """Feeds what was written to the store and to the node: the informers of local mode."""

    def __init__(
        self, objects: Objects, store: Store, node: Pods, news: asyncio.Event, wake: Callable[[], None]
    ) -> None:
        self._objects = objects
        self._store = store
        self._node = node
        self._news = news
        self._wake = wake
        self._version = 0

    @property
    def is_behind(self) -> bool:
        """Whether something was written since the last feed."""
        return self._objects.version != self._version

    def feed(self) -> None:
        """Take in all that was written since the last time; everything, the first time."""
        changes, self._version = self._objects.changes(self._version)
        for change in changes:
            if change.kind == labels.KIND:
                self._store.apply_background_job(change.type, change.document)
            elif change.kind == "Job":
                self._store.apply_job(change.type, change.document)
            elif change.kind == "Pod":
                self._store.apply_pod(change.type, change.document)
                self._node.pod_seen(change.type, change.document)
        if changes:
            self._wake()

    async def run(self) -> None:
        """Follow until cancelled."""
        foreign = None
        while True:
            seen = self._objects.foreign_writes()
            if self._news.is_set() or seen != foreign:
                self._news.clear()
                foreign = seen
                self.feed()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def sweep(self, clock: Callable[[], datetime]) -> None:
        """Until cancelled: what Kubernetes' TTL controller does for Jobs; and drop old deletions."""
        while True:
            self.sweep_once(clock())
            await asyncio.sleep(SWEEP_SECONDS)

    def sweep_once(self, now: datetime) -> None:
        """Delete the Jobs whose time is over."""
        self._objects.forget_deletions(self._version)
        for job in self._objects.list("Job"):
            finished = documents.finish_time(job)
            ttl = timedelta(seconds=job["spec"]["ttlSecondsAfterFinished"])
            if finished is not None and now >= finished + ttl:
                metadata = job["metadata"]
                self._objects.delete("Job", metadata["namespace"], metadata["name"], metadata["uid"])
                self._news.set()
