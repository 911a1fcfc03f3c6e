"""The whole process, kopf included, in front of a stand-in for the API server."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import backgroundjob
from kube_stub import KubeStub, running_stub
from operator_process import (
    BACKGROUND_JOBS,
    JOBS,
    NAMESPACE,
    TOKEN,
    OperatorProcess,
    end_well,
    install,
    operator_process,
    run_pod,
    state,
    submit,
    until,
)

STATUS = "/apis/backgroundjob.dev/v1alpha1/namespaces/shop/backgroundjobs/mail/status"
CREATE = "/apis/batch/v1/namespaces/shop/jobs"


@pytest.fixture
async def api() -> AsyncIterator[KubeStub]:
    async with running_stub() as stub:
        yield stub


@pytest.fixture
async def operator(api: KubeStub, tmp_path: Path) -> AsyncIterator[OperatorProcess]:
    """A process that has read its lists."""
    install(api)
    async with operator_process(api, tmp_path) as process:
        await process.until_ready()
        yield process


def _is_watching(api: KubeStub) -> bool:
    """Whether every watch is open: BackgroundJobs, Jobs, Pods and the two ConfigMaps."""
    return sum(call.query.get("watch") == "true" for call in api.calls) == 5


async def test_one_job_costs_one_create_and_two_status_writes_and_nothing_else(
    api: KubeStub, operator: OperatorProcess
) -> None:
    await until(lambda: _is_watching(api))
    calls_before = len(api.calls)
    submit(api)
    await until(lambda: api.all(JOBS))
    (job,) = api.all(JOBS)
    run_pod(api, job)
    await until(lambda: state(api) == "Running")
    end_well(api, job)
    await until(lambda: state(api) == "Succeeded")
    await asyncio.sleep(0.1)  # for a write too many

    assert api.writes == [("POST", CREATE), ("PATCH", STATUS), ("PATCH", STATUS)]
    assert len(api.calls) == calls_before + 3
    assert api.get(BACKGROUND_JOBS, "shop", "mail")["status"]["result"] == {"sent": True}

    code, seconds = await operator.terminate()
    assert (code, seconds < 2) == (0, True), f"exit {code} after {seconds:.2f} s"
    assert TOKEN not in operator.raw_log


async def test_each_request_names_the_program_its_version_and_the_replica(
    api: KubeStub, tmp_path: Path
) -> None:
    install(api)
    async with operator_process(api, tmp_path, None, BACKGROUNDJOB_POD_NAME="operator-x2") as operator:
        await operator.until_ready()
    agents = {call.headers["User-Agent"] for call in api.calls}
    assert agents == {f"backgroundjob-operator/{backgroundjob.__version__} (operator-x2)"}


async def test_the_log_has_a_line_per_transition_and_no_params(
    api: KubeStub, operator: OperatorProcess
) -> None:
    submit(api, params={"to": "marker-4711"})
    await until(lambda: api.all(JOBS))
    (job,) = api.all(JOBS)
    run_pod(api, job)
    await until(lambda: state(api) == "Running")
    end_well(api, job)
    await until(lambda: state(api) == "Succeeded")
    await until(lambda: "→Succeeded" in operator.raw_log)

    messages = [line["message"] for line in operator.log if line["message"].startswith("shop/mail")]
    assert messages == [
        f"shop/mail Job {job['metadata']['name']} created",
        "shop/mail New→Running reason=Running attempt=1",
        "shop/mail Running→Succeeded reason=Completed attempt=1",
    ]
    assert "marker-4711" not in operator.raw_log


async def test_a_method_that_is_not_allowed_creates_no_job(api: KubeStub, operator: OperatorProcess) -> None:
    submit(api, method="delete")
    await until(lambda: state(api) == "Rejected")

    assert api.all(JOBS) == []
    assert api.get(BACKGROUND_JOBS, "shop", "mail")["status"]["reason"] == "NotAllowed"


async def test_the_allow_list_is_obeyed_as_soon_as_it_changes(
    api: KubeStub, operator: OperatorProcess
) -> None:
    install(api, {"EmailJob.send": "targt: x"})
    await until(lambda: "malformed" in operator.raw_log)
    assert "backgroundjob_settings_problems 1.0" in (await operator.get("/metrics"))[1]

    install(api)
    await until(lambda: "settings changed: 1 allowed" in operator.raw_log.partition("malformed")[2])

    assert "backgroundjob_settings_problems 0.0" in (await operator.get("/metrics"))[1]


async def test_the_metric_sees_a_configuration_that_becomes_unusable(
    api: KubeStub, operator: OperatorProcess
) -> None:
    metadata = {"name": "backgroundjob-config", "namespace": NAMESPACE}
    api.put("api/v1/configmaps", {"metadata": metadata, "data": {"limits": "concurrency: none"}})
    await until(lambda: "is not used" in operator.raw_log)

    assert "backgroundjob_settings_problems 1.0" in (await operator.get("/metrics"))[1]


async def test_an_object_of_5000_levels_is_rejected_and_the_others_run(api: KubeStub, tmp_path: Path) -> None:
    install(api)
    submit(api, "deep", params={"to": 0})
    submit(api, "mail")
    api.deepen("deep", 5000)
    async with operator_process(api, tmp_path) as operator:
        await operator.until_ready()
        await until(lambda: api.all(JOBS) and state(api, "deep") == "Rejected")

    (job,) = api.all(JOBS)
    assert job["metadata"]["name"].startswith("mail-")


async def test_a_watch_that_is_forbidden_ends_the_process(api: KubeStub, tmp_path: Path) -> None:
    install(api)
    api.refuse("GET", "/api/v1/pods", 403, "pods is forbidden: no RBAC")
    async with operator_process(api, tmp_path) as operator:
        code = await operator.ended()

    assert code == 1
    critical = [line for line in operator.log if line["level"] == "critical"]
    assert [line["message"] for line in critical] == ["the operator cannot go on and exits"]
    assert critical[0]["exception"].endswith("Refused: pods is forbidden: no RBAC")


async def test_sigterm_is_obeyed_while_the_api_server_is_away(api: KubeStub, tmp_path: Path) -> None:
    install(api)
    for path in ("/api/v1/pods", "/apis/batch/v1/jobs"):
        api.refuse("GET", path, 503, "etcd is away")
    async with operator_process(api, tmp_path) as operator:
        await operator.until_answer("/livez")
        await until(lambda: "etcd is away" in operator.raw_log)
        assert (await operator.get("/readyz"))[0] == 503
        code, seconds = await operator.terminate()

    assert (code, seconds < 2) == (0, True), f"exit {code} after {seconds:.2f} s"


async def test_sigterm_is_obeyed_while_kopf_takes_in_its_first_list(api: KubeStub, tmp_path: Path) -> None:
    install(api)
    for number in range(200):
        submit(api, f"later-{number}", delaySeconds=86_400)
    async with operator_process(api, tmp_path) as operator:
        await until(lambda: "synced" in operator.raw_log)
        code, seconds = await operator.terminate()

    assert (code, seconds < 3) == (0, True), f"exit {code} after {seconds:.2f} s"


async def test_a_status_that_is_refused_holds_up_neither_the_others_nor_the_exit(
    api: KubeStub, operator: OperatorProcess
) -> None:
    api.refuse("PATCH", STATUS, 422, "status.message: Too long")
    submit(api)
    submit(api, "other")
    await until(lambda: len(api.all(JOBS)) == 2)
    for job in api.all(JOBS):
        run_pod(api, job)
    await until(lambda: state(api, "other") == "Running")
    await until(lambda: "Too long; next try in" in operator.raw_log)

    code, seconds = await operator.terminate()

    assert (code, seconds < 2) == (0, True), f"exit {code} after {seconds:.2f} s"


async def test_a_taken_port_ends_the_process_with_its_number(api: KubeStub, tmp_path: Path) -> None:
    install(api)
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))  # noqa: S104  as the operator
        taken.listen()
        port = taken.getsockname()[1]
        async with operator_process(api, tmp_path, port=port) as operator:
            code = await operator.ended()

    assert code == 1
    (line,) = [line for line in operator.log if line["level"] == "critical"]
    assert line["message"].startswith("the operator cannot serve its probes and exits: [Errno 98]")
    assert str(port) in line["message"]


async def test_a_wrong_environment_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    async with (
        running_stub() as api,
        operator_process(api, tmp_path, BACKGROUNDJOB_LOG_FORMAT="xml") as operator,
    ):
        code = await operator.ended()

    assert code == 2
    assert operator.raw_log == (
        "backgroundjob-operator: BACKGROUNDJOB_LOG_FORMAT is 'xml'; use text or json\n"
    )
