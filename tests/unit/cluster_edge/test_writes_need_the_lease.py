"""No write leaves a process that does not lead, whichever part of it asks."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from backgroundjob_operator.cluster.api_server import ApiServer
from backgroundjob_operator.cluster.credentials import Credentials
from backgroundjob_operator.cluster.kube import KubeCluster
from backgroundjob_operator.cluster.port import NotLeading, Unavailable
from backgroundjob_operator.engine.actions import EmitEvent, ObjectKey
from kube_stub import Answer, KubeStub, running_stub

KEY = ObjectKey("shop", "mail")
EVENT = EmitEvent(owner=KEY, uid="u", type="Warning", reason="Failed", note="n", identity="1")
WRITES: dict[str, Callable[[KubeCluster], Awaitable[object]]] = {
    "create a Job": lambda kube: kube.create_job({"metadata": {"namespace": "shop", "name": "mail-1"}}),
    "delete a Job": lambda kube: kube.delete_job("shop", "mail-1", "u"),
    "patch a status": lambda kube: kube.patch_status(KEY, {}, "1"),
    "delete a BackgroundJob": lambda kube: kube.delete_background_job(KEY, "u"),
    "tell an Event": lambda kube: kube.emit(EVENT),
}


class Right:
    """For how long the process may write."""

    seconds = 0.0


@pytest.fixture
async def api() -> AsyncIterator[KubeStub]:
    async with running_stub() as stub:
        yield stub


@pytest.fixture
async def kube(api: KubeStub) -> AsyncIterator[KubeCluster]:
    async with aiohttp.ClientSession() as session:
        server = ApiServer(session, Credentials(api.url, None))
        yield KubeCluster(server.writing_while(lambda: Right.seconds))


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
async def test_without_the_lease_no_write_is_sent(
    api: KubeStub, kube: KubeCluster, write: Callable[[KubeCluster], Awaitable[object]]
) -> None:
    with pytest.raises(NotLeading, match="is not sent: this process does not hold the Lease"):
        await write(kube)
    assert api.calls == []


async def test_reading_needs_no_lease(api: KubeStub, kube: KubeCluster) -> None:
    assert (await kube.list("Job", selector={})).documents == ()


async def test_a_write_is_given_up_when_the_right_to_it_ends(
    api: KubeStub, kube: KubeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Right, "seconds", 0.05)
    path = "/apis/batch/v1/namespaces/shop/jobs"
    api._queue("POST", path, Answer(200, (b"{",), hold=True))
    with pytest.raises(Unavailable, match="TimeoutError"):
        await kube.create_job({"metadata": {"namespace": "shop", "name": "mail-1"}})


async def test_a_process_without_election_writes_at_any_time(api: KubeStub) -> None:
    async with aiohttp.ClientSession() as session:
        kube = KubeCluster(ApiServer(session, Credentials(api.url, None)))
        await kube.emit(EVENT)
    assert [method for method, _ in api.writes] == ["POST"]
