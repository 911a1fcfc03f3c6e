"""The Kubernetes API over aiohttp: one request per call, errors from the server's Status body."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final

import aiohttp

from backgroundjob.api import labels
from backgroundjob.api.json_depth import bounded
from backgroundjob_operator.cluster.clock import ServerClock
from backgroundjob_operator.cluster.credentials import Credentials
from backgroundjob_operator.cluster.port import (
    AlreadyExists,
    ClusterError,
    Conflict,
    Document,
    Expired,
    Kind,
    Listing,
    NotFound,
    Refused,
    Unavailable,
    WatchEvent,
)
from backgroundjob_operator.engine.actions import EmitEvent, ObjectKey
from backgroundjob_operator.engine.names import event_name

REQUEST_TIMEOUT_SECONDS: Final = 30
WATCH_TIMEOUT_SECONDS: Final = 290
"""Asked of the server; a watch that ends is resumed without a list."""
SILENCE_TIMEOUT_SECONDS: Final = 90
"""Bookmarks come about once a minute; a stream silent for longer is a dead connection."""
RETRY_AFTER_LIMIT_SECONDS: Final = 60
"""However long a server asks to be left alone; a wrong header would stop everything."""
LINE_LIMIT_BYTES: Final = 16 * 1024 * 1024

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
                await _raise_for_status(response)
                async for line in _lines(response.content):
                    yield _watch_event(line)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"the watch of {kind} broke: {_sentence(error)}") from error

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
        try:
            async with self._request(method, path, query=query, body=body) as response:
                self._clock.observe(response.headers.get("Date"))
                await _raise_for_status(response)
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{method} {path}: {_sentence(error)}") from error
        return _document(raw, f"{method} {path}")

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


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    # Not readline(): its limit is far below a pod's size.
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line:
                yield line
        if len(rest) > LINE_LIMIT_BYTES:
            raise Unavailable(f"a watch line is longer than {LINE_LIMIT_BYTES} bytes")


def _watch_event(line: bytes) -> WatchEvent:
    event = _document(line, "a watch line")
    if event["type"] == "ERROR":
        status = event["object"]
        if status.get("code") == 410:
            raise Expired(status.get("message", "expired"))
        raise Unavailable(f"the watch ended: {status.get('message', status)}")
    return WatchEvent(event["type"], event["object"])


def _document(raw: bytes, what: str) -> Document:
    """The JSON object in an answer. Anything else is not from the API server: try again later."""
    try:
        document = json.loads(bounded(raw))
    except ValueError as error:
        raise Unavailable(f"{what}: the answer is not JSON") from error
    if not isinstance(document, dict):
        raise Unavailable(f"{what}: the answer is not a JSON object")
    return document


def _sentence(error: Exception) -> str:
    # Never repr(): aiohttp's shows the request's headers, the token among them.
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def _raise_for_status(response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        return
    raw = await response.read()
    try:
        status = _document(raw, "an error")
    except Unavailable:
        # A proxy's page, not the server's Status.
        status = {"message": f"HTTP {response.status}: {raw[:500].decode(errors='replace')}"}
    message = str(status.get("message") or f"HTTP {response.status} without a message")
    reason = str(status.get("reason") or "")
    raise _error(response.status, reason, message, response.headers.get("Retry-After", "0"))


def _error(code: int, reason: str, message: str, retry_after: str) -> ClusterError:
    if code == 404:
        return NotFound(message)
    if code == 409:
        return AlreadyExists(message) if reason == "AlreadyExists" else Conflict(message)
    if code == 410:
        return Expired(message)
    if code in (401, 429) or code >= 500:
        seconds = float(retry_after) if retry_after.isdecimal() else 0
        return Unavailable(message, min(seconds, RETRY_AFTER_LIMIT_SECONDS))
    return Refused(message)
