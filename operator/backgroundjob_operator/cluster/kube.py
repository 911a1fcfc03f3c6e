"""The Kubernetes API over aiohttp: one request per call, errors from the server's Status body."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final

import aiohttp

from backgroundjob.api import labels
from backgroundjob_operator.cluster.answers import document, lines, raise_for_status, sentence, watch_event
from backgroundjob_operator.cluster.clock import ServerClock
from backgroundjob_operator.cluster.credentials import Credentials
from backgroundjob_operator.cluster.port import Document, Kind, Listing, Unavailable, WatchEvent
from backgroundjob_operator.engine.actions import EmitEvent, ObjectKey
from backgroundjob_operator.engine.names import event_name

REQUEST_TIMEOUT_SECONDS: Final = 30
WATCH_TIMEOUT_SECONDS: Final = 290
"""Asked of the server; a watch that ends is resumed without a list."""
SILENCE_TIMEOUT_SECONDS: Final = 90
"""Bookmarks come about once a minute; a stream silent for longer is a dead connection."""

_GROUP: Final = f"/apis/{labels.GROUP}/{labels.VERSION}"
_COLLECTIONS: Final[Mapping[Kind, str]] = {
    "BackgroundJob": f"{_GROUP}/{labels.PLURAL}",
    "Job": "/apis/batch/v1/jobs",
    "Pod": "/api/v1/pods",
    "ConfigMap": "/api/v1/configmaps",
}


class KubeCluster:
    """A `WatchableCluster` over one aiohttp session. Close the session to end it."""

    def __init__(
        self, session: aiohttp.ClientSession, credentials: Credentials, clock: ServerClock | None = None
    ) -> None:
        self._session = session
        self._credentials = credentials
        self._clock = clock or ServerClock()

    def now(self) -> datetime:
        return self._clock.now()

    async def create_job(self, manifest: Mapping[str, Any]) -> Document:
        path = f"/apis/batch/v1/namespaces/{manifest['metadata']['namespace']}/jobs"
        return await self._call("POST", path, body=manifest)

    async def get_job(self, namespace: str, name: str) -> Document:
        return await self._call("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}")

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        await self._delete(f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}", uid)

    async def get_background_job(self, key: ObjectKey) -> Document:
        return await self._call("GET", _object_path(key))

    async def patch_status(self, key: ObjectKey, patch: Mapping[str, Any], resource_version: str) -> Document:
        body = {"metadata": {"resourceVersion": resource_version}, "status": patch}
        return await self._call("PATCH", f"{_object_path(key)}/status", body=body)

    async def delete_background_job(self, key: ObjectKey, uid: str) -> None:
        await self._delete(_object_path(key), uid)

    async def emit(self, event: EmitEvent) -> None:
        namespace = event.owner.namespace
        body = event_document(event, self.now())
        await self._call("POST", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", body=body)

    async def list(self, kind: Kind, *, selector: Mapping[str, str]) -> Listing:
        path, query = _collection(kind, selector)
        answer = await self._call("GET", path, query=query)
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
        timeout = aiohttp.ClientTimeout(sock_connect=5, sock_read=SILENCE_TIMEOUT_SECONDS)
        try:
            async with self._request("GET", path, query=query, timeout=timeout) as response:
                await raise_for_status(response)
                async for line in lines(response.content):
                    yield watch_event(line)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"the watch of {kind} broke: {sentence(error)}") from error

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> Any:
        content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return self._session.request(
            method,
            self._credentials.server + path,
            params=query,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": content_type,
                "Accept": "application/json",
                **self._credentials.headers(),
            },
            ssl=self._credentials.ssl_context or True,
            # The API server redirects nobody, and the token is for it alone.
            allow_redirects=False,
            timeout=timeout or aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_SECONDS),
        )

    async def _call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> Document:
        sent_time = self._clock.local_time()
        try:
            async with self._request(method, path, query=query, body=body) as response:
                self._clock.observe(response.headers.get("Date"), sent_time)
                await raise_for_status(response)
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{method} {path}: {sentence(error)}") from error
        return document(raw, f"{method} {path}")

    async def _delete(self, path: str, uid: str) -> None:
        # Without a policy the API orphans a Job's running pod; without the uid a namesake could go.
        body = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        await self._call("DELETE", path, body=body)


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
