"""A clean environment, and a small API server on the loopback interface that answers what a test tells it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from backgroundjob.backends import use_backend
from backgroundjob.backends.cluster import ClusterBackend
from backgroundjob.backends.kube_config import Connection
from backgroundjob.testing import InMemoryBackend

_ENVIRONMENT = (
    "BACKGROUNDJOB_BACKEND",
    "DEFAULT_DELAY",
    "DEFAULT_PRIORITY",
    "DEFAULT_RETRY_ATTEMPTS",
    "KUBECONFIG",
    "KUBERNETES_SERVICE_HOST",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in _ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "110")


@pytest.fixture
def jobs() -> Iterator[InMemoryBackend]:
    """The backend of every call in the test."""
    with use_backend(InMemoryBackend()) as backend:
        assert isinstance(backend, InMemoryBackend)
        yield backend


@dataclass
class FakeApiServer:
    """Answers each path with what `answer` queued for it; the last answer repeats."""

    url: str = ""
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    """Method, path with query, body."""
    _answers: dict[tuple[str, str], list[tuple[int, bytes]]] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: Any, status: int = 200) -> None:
        """Queue an answer for a path without its query: a document, or bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._answers.setdefault((method, path), []).append((status, data))

    def refuse(self, method: str, path: str, status: int, message: str, **fields: Any) -> None:
        """Queue a `Status` document."""
        self.answer(method, path, {"kind": "Status", "message": message, "code": status, **fields}, status)

    def take(self, method: str, path: str) -> tuple[int, bytes]:
        """The next answer."""
        queue = self._answers[method, path.partition("?")[0]]
        return queue.pop(0) if len(queue) > 1 else queue[0]


@pytest.fixture
def api() -> Iterator[FakeApiServer]:
    """A running fake API server."""
    fake = FakeApiServer()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            fake.requests.append((self.command, self.path, body))
            status, data = fake.take(self.command, self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = respond  # noqa: N815  names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's name
            """Keep the test output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cluster(api: FakeApiServer) -> Iterator[ClusterBackend]:
    """A cluster backend in front of the fake API server, with `shop` as its namespace."""
    from kubernetes.client import ApiClient, Configuration  # noqa: PLC0415  0.4 s, for these tests alone

    client = ApiClient(Configuration(host=api.url))
    yield ClusterBackend(connection=Connection(client, "shop"))
    client.rest_client.close()
