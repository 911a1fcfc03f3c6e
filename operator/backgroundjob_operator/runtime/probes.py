"""/livez, /readyz and /metrics on one port. Liveness never depends on the API server."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from backgroundjob_operator.runtime.metrics import Metrics

Check = Callable[[], str | None]
"""None when all is well, else one sentence."""


class ProbeServer:
    """Serves until closed."""

    def __init__(self, port: int, *, alive: Check, ready: Check, metrics: Metrics) -> None:
        self._port = port
        self._alive = alive
        self._ready = ready
        self._metrics = metrics
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on all addresses: the kubelet and Prometheus come from outside the pod."""
        app = web.Application()
        app.router.add_get("/livez", self._handler(self._alive))
        app.router.add_get("/readyz", self._handler(self._ready))
        app.router.add_get("/metrics", self._serve_metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, None, self._port).start()

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _handler(self, check: Check) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(_: web.Request) -> web.StreamResponse:
            problem = check()
            return web.Response(text=f"{problem or 'ok'}\n", status=503 if problem else 200)

        return handle

    async def _serve_metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=self._metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )
