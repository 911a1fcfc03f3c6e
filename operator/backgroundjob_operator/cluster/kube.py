"""The kinds that the operator reads and writes, as paths and documents of the Kubernetes API."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final

from backgroundjob.api import labels
from backgroundjob_operator.cluster.answers import watch_event
from backgroundjob_operator.cluster.api_server import ApiServer
from backgroundjob_operator.cluster.port import Document, Kind, Listing, WatchEvent
from backgroundjob_operator.engine.actions import EmitEvent, ObjectKey
from backgroundjob_operator.engine.names import event_name

WATCH_TIMEOUT_SECONDS: Final = 290
"""Asked of the server; a watch that ends is resumed without a list."""

_GROUP: Final = f"/apis/{labels.GROUP}/{labels.VERSION}"
_COLLECTIONS: Final[Mapping[Kind, str]] = {
    "BackgroundJob": f"{_GROUP}/{labels.PLURAL}",
    "Job": "/apis/batch/v1/jobs",
    "Pod": "/api/v1/pods",
    "ConfigMap": "/api/v1/configmaps",
    "Lease": "/apis/coordination.k8s.io/v1/leases",
}


class KubeCluster:
    """A `WatchableCluster` over the real API."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api

    def now(self) -> datetime:
        return self._api.clock.now()

    async def create_job(self, manifest: Mapping[str, Any]) -> Document:
        path = f"/apis/batch/v1/namespaces/{manifest['metadata']['namespace']}/jobs"
        return await self._api.call("POST", path, body=manifest)

    async def get_job(self, namespace: str, name: str) -> Document:
        return await self._api.call("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}")

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        await self._delete(f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}", uid)

    async def create_background_job(self, manifest: Mapping[str, Any]) -> Document:
        """Only the self-test creates one; the operator never does."""
        path = f"{_GROUP}/namespaces/{manifest['metadata']['namespace']}/{labels.PLURAL}"
        return await self._api.call("POST", path, body=manifest)

    async def get_background_job(self, key: ObjectKey) -> Document:
        return await self._api.call("GET", _object_path(key))

    async def patch_status(self, key: ObjectKey, patch: Mapping[str, Any], resource_version: str) -> Document:
        body = {"metadata": {"resourceVersion": resource_version}, "status": patch}
        return await self._api.call("PATCH", f"{_object_path(key)}/status", body=body)

    async def delete_background_job(self, key: ObjectKey, uid: str) -> None:
        await self._delete(_object_path(key), uid)

    async def emit(self, event: EmitEvent) -> None:
        namespace = event.owner.namespace
        body = event_document(event, self.now())
        await self._api.call("POST", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", body=body)

    async def list(self, kind: Kind, *, selector: Mapping[str, str]) -> Listing:
        path, query = _collection(kind, selector)
        answer = await self._api.call("GET", path, query=query)
        items = tuple(answer.get("items") or ())
        return Listing(items, answer["metadata"]["resourceVersion"])

    async def watch(
        self, kind: Kind, *, selector: Mapping[str, str], resource_version: str
    ) -> AsyncIterator[WatchEvent]:
        path, query = _collection(kind, selector)
        query |= {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(WATCH_TIMEOUT_SECONDS),
        }
        async for line in self._api.stream(path, query):
            yield watch_event(line)

    async def _delete(self, path: str, uid: str) -> None:
        # Without a policy the API orphans a Job's running pod; without the uid a namesake could go.
        body = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        await self._api.call("DELETE", path, body=body)


def event_document(event: EmitEvent, now: datetime) -> Document:
    """An events.k8s.io/v1 Event on a BackgroundJob, named by what it tells."""
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {
            "name": event_name(event.owner.name, event.uid, event.identity),
            "namespace": event.owner.namespace,
        },
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": event.type,
        "reason": event.reason,
        "note": event.note[:1024],
        "action": "Reconcile",
        "reportingController": labels.GROUP,
        "reportingInstance": labels.OPERATOR_NAME,
        "regarding": {
            "apiVersion": labels.API_VERSION,
            "kind": labels.KIND,
            "namespace": event.owner.namespace,
            "name": event.owner.name,
            "uid": event.uid,
        },
    }


def _object_path(key: ObjectKey) -> str:
    return f"{_GROUP}/namespaces/{key.namespace}/{labels.PLURAL}/{key.name}"


def _collection(kind: Kind, selector: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    query = dict(selector)
    namespace = query.pop("namespace", None)
    path = _COLLECTIONS[kind]
    if namespace is not None:
        head, _, plural = path.rpartition("/")
        path = f"{head}/namespaces/{namespace}/{plural}"
    return path, query
