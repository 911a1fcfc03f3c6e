"""/livez, /readyz and /metrics."""

import json
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest

from backgroundjob_operator.runtime.metrics import Metrics
from backgroundjob_operator.runtime.probes import ProbeServer


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Operator:
    """What the probes ask."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.problem: str | None = None
        self.unready: str | None = "the lists of the API server are not read yet"
        self.port = free_port()

    def why(self, namespace: str, name: str, uid: str) -> dict[str, object] | None:
        return {"sentence": "mail waits"} if (namespace, name, uid) == ("shop", "mail", "u-1") else None


@pytest.fixture
async def operator() -> AsyncIterator[Operator]:
    """A served operator."""
    state = Operator()
    server = ProbeServer(
        state.port,
        alive=lambda: state.problem,
        ready=lambda: state.unready,
        metrics=state.metrics,
        why=state.why,
    )
    await server.start()
    yield state
    await server.close()


async def get(operator: Operator, path: str) -> tuple[int, str, str]:
    """Status, content type and text."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{operator.port}{path}") as response,
    ):
        return response.status, response.headers["Content-Type"], await response.text()


async def test_it_is_alive_before_it_is_ready(operator: Operator) -> None:
    assert (await get(operator, "/livez"))[::2] == (200, "ok\n")
    assert (await get(operator, "/readyz"))[::2] == (503, "the lists of the API server are not read yet\n")


async def test_it_is_ready_when_nothing_is_missing(operator: Operator) -> None:
    operator.unready = None

    assert (await get(operator, "/readyz"))[::2] == (200, "ok\n")


async def test_a_broken_operator_says_why_it_is_not_alive(operator: Operator) -> None:
    operator.problem = "a task has ended"

    assert (await get(operator, "/livez"))[::2] == (503, "a task has ended\n")


async def test_metrics_are_prometheus_text(operator: Operator) -> None:
    operator.metrics.objects.set(3)

    status, content_type, text = await get(operator, "/metrics")

    assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "backgroundjob_objects 3.0\n" in text


async def test_anything_else_is_not_found(operator: Operator) -> None:
    assert (await get(operator, "/"))[0] == 404


async def test_a_taken_port_is_an_error_at_start(operator: Operator) -> None:
    second = ProbeServer(
        operator.port,
        alive=lambda: None,
        ready=lambda: None,
        metrics=operator.metrics,
        why=operator.why,
    )

    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    await second.close()


async def test_why_answers_only_who_knows_the_uid(operator: Operator) -> None:
    operator.unready = None

    status, _, text = await get(operator, "/why/shop/mail?uid=u-1")
    assert (status, json.loads(text)) == (200, {"sentence": "mail waits"})
    for path in ("/why/shop/mail", "/why/shop/mail?uid=u-2", "/why/shop/nobody?uid=u-1"):
        assert (await get(operator, path))[0] == 404


async def test_why_waits_until_everything_was_listed(operator: Operator) -> None:
    assert (await get(operator, "/why/shop/mail?uid=u-1"))[0] == 503
