"""Performs one action and tells the store what came back; the actuator says when, and what if it fails."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from backgroundjob_operator.cluster.port import (
    AlreadyExists,
    Cluster,
    ClusterError,
    Conflict,
    Document,
    NotFound,
    Refused,
    Unavailable,
)
from backgroundjob_operator.engine.actions import (
    Action,
    CreateJob,
    DeleteBackgroundJob,
    DeleteJob,
    EmitEvent,
    ObjectKey,
    PatchStatus,
)
from backgroundjob_operator.engine.ownership import background_job_uid
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.runtime.metrics import Metrics

_log = logging.getLogger(__name__)


class Unsure(Unavailable):
    """Whether this create took effect is not known."""

    def __init__(self, action: CreateJob, error: Unavailable) -> None:
        super().__init__(str(error), error.retry_after_seconds)
        self.action = action
        self.error = error


class Performer:
    """Makes calls of a cluster out of actions."""

    def __init__(self, cluster: Cluster, store: Store, metrics: Metrics) -> None:
        self._cluster = cluster
        self._store = store
        self._metrics = metrics

    async def perform(self, action: Action) -> None:
        """Do it, and put what came back into the store. Raises ClusterError; Unsure for a create."""
        handlers: dict[type, Callable[[Any], Coroutine[Any, Any, None]]] = {
            CreateJob: self._create_job,
            PatchStatus: self._patch_status,
            DeleteJob: self._delete_job,
            DeleteBackgroundJob: self._delete_background_job,
            EmitEvent: self._emit,
        }
        await handlers[type(action)](action)
        self._metrics.count_write(type(action).__name__)

    async def _create_job(self, action: CreateJob) -> None:
        try:
            try:
                job = await self._cluster.create_job(action.manifest)
            except AlreadyExists:
                # Our own create, whose answer was lost or that a former life of this process sent.
                job = await self.own_job(action)
        except Unavailable as error:
            raise Unsure(action, error) from error
        self._store.apply_job("ADDED", job)
        _log.info("%s Job %s created", action.owner, job["metadata"]["name"])

    async def own_job(self, action: CreateJob) -> Document:
        """The Job of that name, which must be the object's. Raises NotFound, Refused, Unavailable."""
        metadata = action.manifest["metadata"]
        job = await self._cluster.get_job(metadata["namespace"], metadata["name"])
        if background_job_uid(job) != metadata["ownerReferences"][0]["uid"]:
            raise Refused(f"Job {metadata['name']} exists and belongs to something else; delete it")
        return job

    async def _patch_status(self, action: PatchStatus) -> None:
        try:
            document = await self._cluster.patch_status(action.owner, action.patch, action.resource_version)
        except Conflict:
            # A user wrote it since. Their version comes by the watch; reading it now is faster and as right.
            document = await self._cluster.get_background_job(action.owner)
        except NotFound:
            self._forget(action.owner)
            return
        else:
            _log.info("%s %s", action.owner, action.transition)
            self._metrics.count_transition(action.patch)
        self._store.apply_response(document)

    async def _delete_job(self, action: DeleteJob) -> None:
        try:
            await self._cluster.delete_job(action.owner.namespace, action.name, action.uid)
        except (NotFound, Conflict):
            # Gone already, or a namesake of another uid: this one no longer exists.
            _log.debug("%s Job %s was gone", action.owner, action.name)
        else:
            _log.info("%s Job %s deleted", action.owner, action.name)
        self._store.job_gone(action.uid)

    async def _delete_background_job(self, action: DeleteBackgroundJob) -> None:
        try:
            await self._cluster.delete_background_job(action.owner, action.uid)
        except (NotFound, Conflict):
            _log.debug("%s was gone", action.owner)
        else:
            _log.info("%s deleted: its ttlSecondsAfterFinished passed", action.owner)
        self._store.background_job_gone(action.uid)

    async def _emit(self, action: EmitEvent) -> None:
        try:
            await self._cluster.emit(action)
        except AlreadyExists:
            _log.debug("%s event %s was told before", action.owner, action.reason)
        except ClusterError as error:
            # An Event is a courtesy: it never stands in the way of the status.
            _log.warning("%s event %s was not told: %s", action.owner, action.reason, error)

    def _forget(self, key: ObjectKey) -> None:
        record = self._store.records.get(key)
        if record is not None:
            self._store.background_job_gone(record.uid)
