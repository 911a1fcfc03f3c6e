"""Admission is asked twice: it must accept the operator's version of the allow-list, and refuse another."""

import asyncio
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest

from backgroundjob_operator.cluster.admission import KubeAdmission
from backgroundjob_operator.cluster.api_server import ApiServer
from backgroundjob_operator.cluster.credentials import Credentials
from backgroundjob_operator.cluster.port import Refused, Unavailable
from backgroundjob_operator.runtime.admission_probe import AdmissionProbe
from backgroundjob_operator.runtime.metrics import Metrics
from kube_stub import KubeStub, running_stub

LEASE = "/apis/coordination.k8s.io/v1/namespaces/system/leases/operator"
DENIED = (
    "leases \"operator\" is forbidden: ValidatingAdmissionPolicy 'backgroundjob-anchor' with binding "
    "'backgroundjob-anchor' denied request: admission sees version 7"
)


class Asked:
    """An admission that sees one version, or checks nothing."""

    def __init__(self, sees: str | None = "5") -> None:
        self.sees = sees
        self.versions: list[str] = []
        self.error: Unavailable | None = None

    async def accepts(self, version: str) -> bool:
        self.versions.append(version)
        if self.error is not None:
            raise self.error
        return self.sees in (None, version)


class World:
    """A probe whose operator has version 5."""

    def __init__(self, admission: Asked) -> None:
        self.admission = admission
        self.version: str | None = "5"
        self.metrics = Metrics()
        self.slept = 0.0
        self.probe = AdmissionProbe(admission, lambda: self.version, self.metrics, sleep=self._sleep)

    async def settle(self) -> None:
        """Let it ask, until it waits for a change."""
        running = asyncio.create_task(self.probe.run())
        for _ in range(50):
            await asyncio.sleep(0)
        running.cancel()

    @property
    def is_current(self) -> bool:
        return b"backgroundjob_admission_current 1.0" in self.metrics.render()

    async def _sleep(self, seconds: float) -> None:
        self.slept += seconds


def test_before_anybody_asks_the_answer_is_not_a_number() -> None:
    assert b"backgroundjob_admission_current NaN" in Metrics().render()


async def test_admission_that_accepts_this_version_and_no_other_is_current() -> None:
    world = World(Asked())
    await world.settle()
    assert (world.is_current, world.admission.versions) == (True, ["5", "0"])


async def test_admission_with_another_version_is_told_after_10_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(Asked(sees="4"))
    await world.settle()
    assert (world.is_current, world.slept) == (False, 10)
    assert caplog.messages == [
        "admission checks by another version of the allow-list than the operator: see docs/security.md"
    ]


async def test_admission_that_checks_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    world = World(Asked(sees=None))
    await world.settle()
    assert not world.is_current
    assert caplog.messages[0].startswith("no admission policy checks BackgroundJobs by the allow-list")


async def test_a_change_that_is_still_on_its_way_is_no_problem() -> None:
    admission = Asked(sees="4")
    world = World(admission)
    answer = admission.accepts

    async def later(version: str) -> bool:
        accepted = await answer(version)
        admission.sees = "5"
        return accepted

    admission.accepts = later  # type: ignore[method-assign]
    await world.settle()
    assert (world.is_current, world.slept) == (True, 4)


async def test_it_asks_again_after_each_change_and_tells_what_is_new(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    world = World(Asked(sees="4"))
    await world.settle()
    world.admission.sees = "5"
    world.probe.changed()
    await world.settle()
    assert world.is_current
    assert caplog.messages[-1] == "admission has the operator's allow-list"


async def test_an_api_server_that_is_away_says_nothing_about_admission() -> None:
    world = World(Asked())
    await world.settle()
    world.admission.error = Unavailable("etcd is away")
    world.probe.changed()
    await world.settle()
    assert world.is_current


async def test_without_any_answer_nothing_is_claimed_and_it_asks_again() -> None:
    world = World(Asked(sees="4"))
    world.admission.error = Unavailable("etcd is away")
    await world.settle()
    assert b"backgroundjob_admission_current NaN" in world.metrics.render()
    world.admission.error = None
    await world.settle()
    assert b"backgroundjob_admission_current 0.0" in world.metrics.render()


async def test_without_an_allow_list_there_is_nothing_to_ask() -> None:
    world = World(Asked())
    world.version = None
    await world.settle()
    assert world.admission.versions == []


@pytest.fixture
async def api() -> AsyncIterator[KubeStub]:
    async with running_stub() as stub:
        yield stub


@pytest.fixture
async def admission(api: KubeStub) -> AsyncIterator[KubeAdmission]:
    async with aiohttp.ClientSession() as session:
        yield KubeAdmission(ApiServer(session, Credentials(api.url, None)), "system", "operator")


async def test_the_question_is_a_dry_run_on_the_lease(api: KubeStub, admission: KubeAdmission) -> None:
    api.answer("PATCH", LEASE, {"kind": "Lease"})
    assert await admission.accepts("5")
    (call,) = api.calls
    assert call.query == {"dryRun": "All"}
    assert call.body == {"metadata": {"annotations": {"backgroundjob.dev/allow-list-version": "5"}}}


async def test_a_refusal_by_the_policy_is_an_answer_and_any_other_is_an_error(
    api: KubeStub, admission: KubeAdmission
) -> None:
    api.refuse("PATCH", LEASE, 403, DENIED)
    api.refuse("PATCH", LEASE, 403, "leases is forbidden: no RBAC")
    assert not await admission.accepts("5")
    with pytest.raises(Refused, match="no RBAC"):
        await admission.accepts("5")
