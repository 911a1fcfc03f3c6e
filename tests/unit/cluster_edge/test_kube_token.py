"""The token goes to the API server, and nowhere else."""

import asyncio
import logging
import traceback
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from backgroundjob_operator.cluster.api_server import ApiServer
from backgroundjob_operator.cluster.credentials import Credentials
from backgroundjob_operator.cluster.kube import KubeCluster
from backgroundjob_operator.cluster.port import (
    Unavailable,
)
from kube_calls import error_of, watched
from kube_stub import KubeStub

TOKEN = "eyJ-a-token-nobody-may-see"
JOBS = "/apis/batch/v1/namespaces/shop/jobs"
JOB = f"{JOBS}/mail-1"


async def test_a_token_is_read_anew_for_each_request(
    api: KubeStub, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    kube = KubeCluster(ApiServer(session, Credentials(api.url, None, token_file=file)))

    for token in ("first\n", "second\n"):
        file.write_text(token)
        await kube.list("Pod", selector={})

    assert [call.headers["Authorization"] for call in api.calls] == ["Bearer first", "Bearer second"]


async def test_a_token_file_that_is_away_for_a_moment_means_try_again_later(
    api: KubeStub, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    kube = KubeCluster(ApiServer(session, Credentials(api.url, None, token_file=tmp_path / "token")))

    assert isinstance(await error_of(kube), Unavailable)


async def test_a_redirect_is_not_followed_because_the_token_would_go_along(
    api: KubeStub, kube: KubeCluster
) -> None:
    api.answer("GET", JOB, {}, 307, {"Location": f"{api.url}/elsewhere"})

    await kube.get_job("shop", "mail-1")

    assert [call.path for call in api.calls] == [JOB]


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")
    await writer.drain()
    writer.close()


async def _silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize("behaviour", [_garbage, _silence], ids=["garbage", "hangs up"])
async def test_no_error_and_no_log_line_shows_the_token(
    session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture, behaviour: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    server = await asyncio.start_server(behaviour, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    credentials = Credentials(address, None, token=TOKEN)
    kube = KubeCluster(ApiServer(session, credentials))

    error = await error_of(kube)
    with pytest.raises(Unavailable) as caught:
        await watched(kube)
    server.close()
    await server.wait_closed()

    texts = [*traceback.format_exception(error), *traceback.format_exception(caught.value), repr(credentials)]
    assert TOKEN not in "".join(texts) + caplog.text
    assert isinstance(error, Unavailable)
