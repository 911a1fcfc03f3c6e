"""The cluster edge in front of a stand-in for the API server."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from backgroundjob_operator.cluster.api_server import ApiServer
from backgroundjob_operator.cluster.credentials import Credentials
from backgroundjob_operator.cluster.kube import KubeCluster
from kube_stub import KubeStub, running_stub

TOKEN = "eyJ-a-token-nobody-may-see"


@pytest.fixture
async def api() -> AsyncIterator[KubeStub]:
    async with running_stub() as stub:
        yield stub


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def kube(api: KubeStub, session: aiohttp.ClientSession) -> KubeCluster:
    return KubeCluster(ApiServer(session, Credentials(api.url, None, token=TOKEN)))
