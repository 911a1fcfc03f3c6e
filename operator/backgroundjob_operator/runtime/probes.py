"""/livez, /readyz, /metrics and /why on one port. Liveness never depends on the API server."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from backgroundjob_operator.runtime.metrics import Metrics

Check = Callable[[], str | None]
"""None when all is well, else one sentence."""
AskWhy = Callable[[str, str, str], Mapping[str, object] | None]
"""Namespace, name and uid of an object to the answer of `bgjob why`; None when there is no such object."""

CONNECTION_SECONDS: Final = 10.0
"""A connection lives for one to two times this: those that never finish a request would pile up."""

_log = logging.getLogger(__name__)


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether the record is not about a request that is no HTTP: with those anybody could fill the log."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


_log.addFilter(_is_ours)


class ProbeServer:
    """Serves until closed."""

    def __init__(
        self,
        port: int,
        *,
        alive: Check,
        ready: Check,
        metrics: Metrics,
        why: AskWhy,
        connection_seconds: float = CONNECTION_SECONDS,
    ) -> None:
        self._port = port
        self._connection_seconds = connection_seconds
        self._alive = alive
        self._ready = ready
        self._metrics = metrics
        self._why = why
        self._runner: web.AppRunner | None = None
        self._closing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen on all addresses: the kubelet and Prometheus come from outside the pod."""
        app = web.Application()
        app.router.add_get("/livez", self._handler(self._alive))
        app.router.add_get("/readyz", self._handler(self._ready))
        app.router.add_get("/metrics", self._serve_metrics)
        app.router.add_get("/why/{namespace}/{name}", self._serve_why)
        self._runner = web.AppRunner(app, access_log=None, logger=_log, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, None, self._port).start()
        if self._runner.server is not None:
            self._closing = asyncio.create_task(self._close_old_connections(self._runner.server))

    async def close(self) -> None:
        """Stop listening."""
        if self._closing is not None:
            self._closing.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _close_old_connections(self, server: web.Server) -> None:
        known: set[web.RequestHandler] = set()
        while True:
            await asyncio.sleep(self._connection_seconds)
            now = set(server.connections)
            for connection in now & known:
                if connection.transport is not None:
                    connection.transport.abort()
            known = now - known

    def _handler(self, check: Check) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(_: web.Request) -> web.StreamResponse:
            problem = check()
            return web.Response(text=f"{problem or 'ok'}\n", status=503 if problem else 200)

        return handle

    async def _serve_why(self, request: web.Request) -> web.Response:
        problem = self._ready()
        if problem:
            return web.json_response({"message": problem}, status=503)
        where = request.match_info
        answer = self._why(where["namespace"], where["name"], request.query.get("uid", ""))
        if answer is None:
            # The same for an unknown object and a wrong uid: the uid is what proves the right to ask.
            return web.json_response({"message": "no object of that name and uid"}, status=404)
        return web.json_response(answer)

    async def _serve_metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=self._metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )
