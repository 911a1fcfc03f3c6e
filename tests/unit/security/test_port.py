"""SEC-27 and SEC-28: the operator's own port, which every pod of an open network reaches."""

import asyncio
import contextlib
import gc
import resource
import time
from collections.abc import AsyncIterator

import pytest

from backgroundjob_operator.runtime.metrics import Metrics
from backgroundjob_operator.runtime.probes import ProbeServer
from operator_process import _free_port

IDLE_CONNECTIONS = 300
BODY_MEGABYTES = 64


class Port:
    """The served port, and what was asked of the operator through it."""

    def __init__(self) -> None:
        self.number = _free_port()
        self.asked: list[tuple[str, str, str]] = []

    def why(self, namespace: str, name: str, uid: str) -> None:
        self.asked.append((namespace, name, uid))

    async def send(self, data: bytes) -> bytes:
        """What comes back for these bytes, until the other side closes or nothing follows."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.number)
        try:
            writer.write(data)
            async with asyncio.timeout(10):
                return await reader.read(65_536)
        finally:
            await closed(writer)


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    found = Port()
    server = ProbeServer(
        found.number,
        connection_seconds=0.5,
        alive=lambda: None,
        ready=lambda: None,
        metrics=Metrics(),
        why=found.why,
    )
    await server.start()
    yield found
    await server.close()


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: operator", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    "path",
    [
        "/why/shop/..%2f..%2fapi%2fv1%2fsecrets",
        "/why/../../api/v1/secrets",
        "/why/shop/%2e%2e/x",
        "/why//mail",
        "http://169.254.169.254/latest/meta-data/",
        "http://kubernetes.default.svc/api/v1/secrets",
        "/api/v1/secrets",
        "/metrics/../etc/passwd",
    ],
)
async def test_sec_27_a_path_only_names_an_object_in_memory(port: Port, path: str) -> None:
    """The port has no client behind it: what it answers with was seen before."""
    answer = await port.send(get(path))
    assert answer.startswith(b"HTTP/1.1 404")
    assert all("/" not in namespace for namespace, _, _ in port.asked)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "CONNECT", "TRACE"])
async def test_sec_28_it_takes_no_method_but_get(port: Port, method: str) -> None:
    for path in ("/livez", "/metrics", "/why/shop/mail"):
        answer = await port.send(get(path).replace(b"GET", method.encode()))
        assert answer.split()[1] in (b"400", b"404", b"405")


async def test_sec_28_a_body_is_refused_and_not_kept(port: Port) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
    length = BODY_MEGABYTES * 1024 * 1024
    answer = asyncio.create_task(reader.read(12))
    before = resident_megabytes()
    writer.write(
        get("/livez", f"Content-Length: {length}", "Content-Encoding: gzip").replace(b"GET", b"POST")
    )
    with contextlib.suppress(ConnectionError):
        for _ in range(BODY_MEGABYTES):
            writer.write(b"x" * 1024 * 1024)
            await writer.drain()
    await closed(writer)
    assert await answer == b"HTTP/1.1 405"
    assert resident_megabytes() - before < BODY_MEGABYTES / 2


async def test_sec_28_headers_are_bounded(port: Port) -> None:
    assert b" 400 " in (await port.send(get("/livez", "X: " + "x" * 20_000)))[:20]


async def test_sec_28_what_is_no_request_leaves_nothing_in_the_log(
    port: Port, caplog: pytest.LogCaptureFixture
) -> None:
    for junk in (b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", get("/livez", "X: " + "x" * 20_000)):
        assert b" 400 " in (await port.send(junk))[:20]
    assert caplog.messages == []


async def test_a_defect_of_our_own_is_told(port: Port, caplog: pytest.LogCaptureFixture) -> None:
    port.asked = None  # type: ignore[assignment]  # the defect
    assert b" 500 " in (await port.send(get("/why/shop/mail?uid=u")))[:20]
    assert caplog.messages[0].startswith("Error handling request")


async def test_sec_28_connections_that_say_nothing_hold_up_nobody_and_are_closed(port: Port) -> None:
    idle = [await asyncio.open_connection("127.0.0.1", port.number) for _ in range(IDLE_CONNECTIONS)]
    for _, writer in idle[::2]:
        writer.write(b"GET /livez HTTP/1.1\r\nX-Slow: ")
    begin = time.monotonic()
    assert (await port.send(get("/livez"))).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - begin < 1
    async with asyncio.timeout(10):
        for reader, writer in idle:
            assert not await reader.read()
            await closed(writer)


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def resident_megabytes() -> float:
    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
