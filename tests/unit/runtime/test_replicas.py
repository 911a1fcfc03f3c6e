"""Two whole processes in front of one stand-in for the API server: one writes, the other stands by."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from kube_stub import KubeStub, running_stub
from operator_process import (
    JOBS,
    NAMESPACE,
    OperatorProcess,
    end_well,
    install,
    operator_process,
    run_pod,
    state,
    submit,
    until,
)

LEASES = "apis/coordination.k8s.io/v1/leases"
LEASE = {
    "BACKGROUNDJOB_LEASE": "backgroundjob-operator",
    "BACKGROUNDJOB_LEASE_DURATION_SECONDS": "3",
    "BACKGROUNDJOB_LEASE_RENEW_DEADLINE_SECONDS": "2",
    "BACKGROUNDJOB_LEASE_RETRY_PERIOD_SECONDS": "1",
}


@pytest.fixture
async def api() -> AsyncIterator[KubeStub]:
    async with running_stub() as stub:
        install(stub)
        yield stub


@pytest.fixture
async def replicas(api: KubeStub, tmp_path: Path) -> AsyncIterator[tuple[OperatorProcess, OperatorProcess]]:
    """The leader and a standby, both ready."""
    async with AsyncExitStack() as stack:
        started = []
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            process = await stack.enter_async_context(
                operator_process(api, tmp_path / name, None, BACKGROUNDJOB_POD_NAME=name, **LEASE)
            )
            await process.until_ready()
            await until(lambda: holder(api).startswith("first"))
            started.append(process)
        yield started[0], started[1]


def holder(api: KubeStub) -> str:
    found = api.all(LEASES)
    return str(found[0]["spec"]["holderIdentity"]) if found else ""


def writes(api: KubeStub) -> list[tuple[str, str]]:
    """Of everything but the Lease."""
    return [(method, path) for method, path in api.writes if "/leases" not in path]


async def test_one_leads_and_both_say_so(
    api: KubeStub, replicas: tuple[OperatorProcess, OperatorProcess]
) -> None:
    leads = ["backgroundjob_leader 1.0" in (await one.get("/metrics"))[1] for one in replicas]
    assert leads == [True, False]
    submit(api)
    await until(lambda: api.all(JOBS))
    assert writes(api) == [("POST", "/apis/batch/v1/namespaces/shop/jobs")]


async def test_a_standby_goes_on_where_a_terminated_leader_stopped(
    api: KubeStub, replicas: tuple[OperatorProcess, OperatorProcess]
) -> None:
    first, _ = replicas
    submit(api)
    await until(lambda: api.all(JOBS))
    (job,) = api.all(JOBS)
    run_pod(api, job)
    await until(lambda: state(api) == "Running")

    code, seconds = await first.terminate()
    assert (code, seconds < 2) == (0, True), f"exit {code} after {seconds:.2f} s"
    end_well(api, job)
    await until(lambda: state(api) == "Succeeded")

    assert holder(api).startswith("second")
    assert [method for method, _ in writes(api)] == ["POST", "PATCH", "PATCH"]


async def test_the_lease_runs_out_when_a_create_was_given_up(
    api: KubeStub, replicas: tuple[OperatorProcess, OperatorProcess]
) -> None:
    """The Job may still appear: given away at once, its slot could be taken twice."""
    first, _ = replicas
    api.hang("POST", "/apis/batch/v1/namespaces/shop/jobs")
    submit(api)
    await until(lambda: writes(api))

    code, seconds = await first.terminate()

    assert (code, seconds < 3) == (0, True), f"exit {code} after {seconds:.2f} s"
    assert holder(api).startswith("first")


async def test_a_standby_that_saw_no_change_lists_before_it_plans(
    api: KubeStub, replicas: tuple[OperatorProcess, OperatorProcess]
) -> None:
    first, _ = replicas
    # Each lists them twice at its start, ready or not by then; the leader listed them once more.
    await until(lambda: lists(api, 0).count("backgroundjobs") == 2 + 2 + 1)
    before = len(api.calls)
    await first.terminate()
    await until(lambda: holder(api).startswith("second"))
    await until(lambda: len(lists(api, before)) >= 2)
    assert lists(api, before) == ["backgroundjobs", "jobs"]


def lists(api: KubeStub, since: int) -> list[str]:
    """Collections that were listed since that many calls, in order."""
    return [
        call.path.rpartition("/")[2]
        for call in api.calls[since:]
        if call.method == "GET" and "watch" not in call.query and call.path.endswith("jobs")
    ]


async def test_a_standby_takes_over_from_a_killed_leader(
    api: KubeStub, replicas: tuple[OperatorProcess, OperatorProcess]
) -> None:
    first, _ = replicas
    first.process.kill()
    submit(api)
    await until(lambda: api.all(JOBS))
    assert holder(api).startswith("second")


async def test_a_leader_whose_lease_was_stolen_exits_and_writes_nothing_more(
    api: KubeStub, replicas: tuple[OperatorProcess, OperatorProcess]
) -> None:
    first, second = replicas
    second.process.kill()
    await second.ended()
    (lease,) = api.all(LEASES)
    api.put(LEASES, {**lease, "spec": {**lease["spec"], "holderIdentity": "thief", "renewTime": "now"}})
    submit(api)

    assert await first.ended() == 1
    assert writes(api) == []
    assert "the Lease is lost: thief holds it" in first.raw_log


async def test_a_standby_tells_why_a_job_waits(
    api: KubeStub, replicas: tuple[OperatorProcess, OperatorProcess]
) -> None:
    config = {"profiles": "default: {image: runner:1}", "limits": "concurrency: 1"}
    metadata = {"name": "backgroundjob-config", "namespace": NAMESPACE}
    api.put("api/v1/configmaps", {"metadata": metadata, "data": config})
    await until(lambda: all("concurrency 1" in process.raw_log for process in replicas))
    submit(api, "runs")
    await until(lambda: api.all(JOBS))
    waits = submit(api, "waits")

    async def ahead(process: OperatorProcess) -> object:
        status, text = await process.get(f"/why/shop/waits?uid={waits['metadata']['uid']}")
        return json.loads(text).get("ahead") if status == 200 else None

    async with asyncio.timeout(10):
        while [await ahead(process) for process in replicas] != [0, 0]:  # noqa: ASYNC110  two other processes
            await asyncio.sleep(0.05)
