"""A stand-in for the API server on the loopback interface, asynchronous, with lists, watches and versions.

What a test tells it to answer goes first; every other path behaves as an API server does.
"""

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from kube_rules import Document, Place, discovery, is_selected, merge, now_text, place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send: a body in chunks, and whether the connection then stays open."""

    status: int
    chunks: tuple[bytes, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    hold: bool = False


class KubeStub:
    """Objects by collection, namespace and name; each write is one version and one watch event."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self.version = 100
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self._objects: dict[tuple[str, str, str], Document] = {}
        self._history: list[tuple[int, str, str, Document]] = []
        self._deep: tuple[str, bytes] | None = None
        self._news = asyncio.Event()
        self._closed = asyncio.Event()

    # What a test says

    def answer(
        self, method: str, path: str, body: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Queue an answer: a document, or bytes as they are. The last one repeats."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._queue(method, path, Answer(status, (data,), headers or {}))

    def refuse(self, method: str, path: str, status: int, message: str, **fields: Any) -> None:
        """Queue a `Status` document."""
        self.answer(method, path, {"kind": "Status", "message": message, "code": status, **fields}, status)

    def hang(self, method: str, path: str) -> None:
        """Let the next requests of that kind wait for an answer that never ends."""
        self._queue(method, path, Answer(200, (b" ",), {}, hold=True))

    def stream(self, path: str, *chunks: bytes, hold: bool = False) -> None:
        """Queue an answer that comes in these chunks and may stay open."""
        self._queue("GET", path, Answer(200, chunks, {}, hold))

    def put(self, collection: str, document: Document) -> Document:
        """Store an object as a user or a controller would."""
        metadata = document["metadata"]
        key = (collection, metadata["namespace"], metadata["name"])
        event = "MODIFIED" if key in self._objects else "ADDED"
        self.version += 1
        metadata.setdefault("uid", f"uid-{self.version}")
        metadata.setdefault("creationTimestamp", now_text())
        metadata["resourceVersion"] = str(self.version)
        self._objects[key] = copy.deepcopy(document)
        self._tell(event, collection, document)
        return document

    def get(self, collection: str, namespace: str, name: str) -> Document:
        """An object as stored."""
        return copy.deepcopy(self._objects[collection, namespace, name])

    def all(self, collection: str) -> list[Document]:
        """Every object of a collection."""
        return [copy.deepcopy(found) for (where, *_), found in self._objects.items() if where == collection]

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Method and path of every request that was not a read."""
        return [(call.method, call.path) for call in self.calls if call.method != "GET"]

    def close(self) -> None:
        """End all open watches."""
        self._closed.set()
        self._news.set()

    def deepen(self, name: str, levels: int) -> None:
        """Let the params of this object be nested so deeply, in lists and watches."""
        self._deep = name, b"[" * levels + b"]" * levels

    def _encoded(self, document: Document) -> bytes:
        text = json.dumps(document).encode()
        if self._deep is not None and f'"{self._deep[0]}"'.encode() in text:
            return text.replace(b'{"to": 0}', b'{"to": ' + self._deep[1] + b"}")
        return text

    # What the server does

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        raw = await request.read()
        body = json.loads(raw) if raw else None
        query = dict(request.query)
        call = Call(
            method=request.method, path=request.path, query=query, headers=dict(request.headers), body=body
        )
        self.calls.append(call)
        queue = self._answers.get((call.method, call.path))
        if queue:
            return await self._send(request, queue.pop(0) if len(queue) > 1 else queue[0])
        if call.path.rstrip("/").count("/") <= (3 if call.path.startswith("/apis") else 2):
            return web.json_response(discovery(call.path))
        place = place_of(call.path)
        if call.method == "GET" and place.name is None and query.get("watch") == "true":
            return await self._watch(request, place, query)
        status, document = self._act(call, place)
        body_text = self._encoded(document)
        return web.Response(body=body_text, status=status, content_type="application/json")

    def _queue(self, method: str, path: str, answer: Answer) -> None:
        self._answers.setdefault((method, path), []).append(answer)

    def _tell(self, event: str, collection: str, document: Document) -> None:
        self._history.append((self.version, collection, event, copy.deepcopy(document)))
        self._news.set()
        self._news = asyncio.Event()

    async def _send(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        response.content_type = "application/json"
        await response.prepare(request)
        for chunk in answer.chunks:
            await response.write(chunk)
            # A chunk of its own on the wire too.
            await asyncio.sleep(0.001)
        if answer.hold:
            await self._closed.wait()
        return response

    async def _watch(
        self, request: web.Request, place: Place, query: Mapping[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        seen = int(query["resourceVersion"])
        while not self._closed.is_set():
            news = self._news
            for version, collection, event, document in self._history:
                if version > seen and collection == place.collection and is_selected(document, place, query):
                    line = self._encoded({"type": event, "object": document}) + b"\n"
                    try:
                        await response.write(line)
                    except ConnectionError:
                        return response
            seen = self.version
            await news.wait()
        return response

    def _act(self, call: Call, place: Place) -> tuple[int, Document]:
        if place.name is None and call.method == "GET":
            found = [one for one in self.all(place.collection) if is_selected(one, place, call.query)]
            return 200, {"kind": "List", "metadata": {"resourceVersion": str(self.version)}, "items": found}
        if place.name is None:
            document = copy.deepcopy(call.body)
            if (place.collection, str(place.namespace), document["metadata"]["name"]) in self._objects:
                return 409, {"kind": "Status", "reason": "AlreadyExists", "message": "it exists"}
            return 201, self.put(place.collection, document)
        key = (place.collection, str(place.namespace), place.name)
        known = self._objects.get(key)
        if known is None:
            return 404, {"kind": "Status", "reason": "NotFound", "message": f"{place.name} not found"}
        if call.query.get("dryRun"):
            return 200, copy.deepcopy(known)
        if call.method == "PATCH":
            if call.body["metadata"]["resourceVersion"] != known["metadata"]["resourceVersion"]:
                return 409, {"kind": "Status", "reason": "Conflict", "message": "it was modified"}
            part = place.subresource or "spec"
            return 200, self.put(
                place.collection, {**known, part: merge(known.get(part, {}), call.body[part])}
            )
        if call.method == "DELETE":
            self.version += 1
            known["metadata"]["resourceVersion"] = str(self.version)
            del self._objects[key]
            self._tell("DELETED", place.collection, known)
        return 200, copy.deepcopy(known)


@asynccontextmanager
async def running_stub() -> AsyncIterator[KubeStub]:
    """A running stub, reachable at its `url`."""
    stub = KubeStub()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", stub.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield stub
    finally:
        stub.close()
        await runner.cleanup()
