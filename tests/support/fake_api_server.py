"""A small HTTP server on the loopback interface that answers as an API server what a test tells it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class FakeApiServer:
    """Answers each path with what `answer` queued for it; the last answer repeats."""

    url: str = ""
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    """Method, path with query, body."""
    authorizations: list[str | None] = field(default_factory=list)
    """The header of each request."""
    answers_left: float = float("inf")
    """After so many the server is gone: it closes each connection without an answer."""
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


@contextmanager
def serving() -> Iterator[FakeApiServer]:
    """A running fake API server, reachable at its `url`."""
    fake = FakeApiServer()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            fake.requests.append((self.command, self.path, body))
            fake.authorizations.append(self.headers.get("Authorization"))
            fake.answers_left -= 1
            if fake.answers_left < 0:
                self.close_connection = True
                return
            status, data = fake.take(self.command, self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = respond  # noqa: N815  names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's name
            """Keep the test output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
