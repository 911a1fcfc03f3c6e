"""The backend `local` as the client library and other processes use it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backgroundjob import run_background_job
from backgroundjob.api.labels import API_VERSION, KIND
from backgroundjob.errors import (
    BackendUnavailable,
    InvalidParams,
    InvalidSpec,
    LogsUnavailable,
    NameConflict,
    NotFound,
    StillRunning,
)
from backgroundjob_operator import local as local_package
from backgroundjob_operator.local.backend import LocalBackend
from backgroundjob_operator.local.engine import EngineBusy, LocalEngine
from local_mode import LocalMode, bgjob, until


def manifest(name: str = "mail", namespace: str | None = None, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    body = {"class": "EmailJob", "method": "send", "params": {"to": "a@example.org"}, **spec}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": body}


def test_the_same_name_and_spec_return_the_existing_job(local: LocalMode) -> None:
    first = local.backend.submit(manifest())
    assert local.backend.submit(manifest())["metadata"]["uid"] == first["metadata"]["uid"]
    with pytest.raises(NameConflict, match="priority: asked 5, exists nothing"):
        local.backend.submit(manifest(priority=5))


@pytest.mark.parametrize(
    ("document", "kind", "text"),
    [
        pytest.param(manifest(retry={"maxAttempts": 0}), InvalidSpec, "spec.retry.maxAttempts", id="bound"),
        pytest.param(manifest(params=[1]), InvalidParams, "spec.params", id="params"),
        pytest.param(manifest(name="../x"), InvalidSpec, "metadata.name", id="name"),
        pytest.param(manifest(namespace="../x"), InvalidSpec, "namespace", id="namespace"),
        pytest.param(
            manifest(paramsFrom=[{"name": "key", "secretKeyRef": {"name": "s", "key": "../k"}}]),
            InvalidParams,
            "spec.paramsFrom",
            id="secret",
        ),
    ],
)
def test_what_the_crd_refuses_is_refused_at_submission(
    local: LocalMode, document: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        local.backend.submit(document)
    assert local.backend.list(None) == ()


def test_params_that_json_cannot_hold_are_refused_and_leave_the_list_readable(local: LocalMode) -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    for params, problem in ((deep, "nested too deep"), ({"x": float("nan")}, "not JSON")):
        with pytest.raises(InvalidParams, match=problem):
            local.backend.submit(manifest(params=params))
    assert local.backend.list(None) == ()


def test_waiting_runs_the_engine_when_nobody_else_does(local: LocalMode) -> None:
    handle = run_background_job("EmailJob", "send", {"to": "a@example.org"}, backend=local.backend)
    assert handle.wait(timeout=20).result == {"to": "a@example.org", "subject": "Hello"}


def test_waiting_gives_up_when_its_time_is_over(local: LocalMode) -> None:
    handle = run_background_job("EmailJob", "send", {"to": "a"}, delay=60, backend=local.backend)
    with pytest.raises(StillRunning, match=r"still Waiting \(NotYetDue\)"):
        handle.wait(timeout=1)
    handle.delete()
    with pytest.raises(NotFound):
        handle.refresh()


def test_defaults_of_the_environment_apply_in_local_mode(
    local: LocalMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFAULT_RETRY_ATTEMPTS", "4")
    monkeypatch.setenv("DEFAULT_DELAY", "7")
    monkeypatch.setenv("DEFAULT_PRIORITY", "high")
    handle = run_background_job("EmailJob", "send", {"to": "a"}, backend=local.backend)
    spec = handle.document["spec"]
    assert (spec["retry"]["maxAttempts"], spec["delaySeconds"], spec["priority"]) == (5, 7, "high")


async def test_one_state_directory_has_one_engine(local: LocalMode) -> None:
    async with local.engine():
        with pytest.raises(EngineBusy, match="another engine serves"):
            async with local.engine():
                pass
    async with local.engine():
        pass


async def test_logs_are_read_by_attempt_followed_and_filtered(local: LocalMode) -> None:
    local.submit("InvoiceJob.create", {"number": 1}, name="invoice")
    with pytest.raises(LogsUnavailable, match="no attempt has a log"):
        list(local.backend.logs("default", "invoice"))
    await local.run_without_waits("invoice")
    newest = list(local.backend.logs("default", "invoice"))
    assert " SUCCEEDED InvoiceJob.create " in newest[-1]
    errors = list(local.backend.logs("default", "invoice", attempt=1, errors=True))
    assert " FAILED attempt 1 " in errors[0]
    assert errors[-1] == "    jobs.invoice.InvoiceServiceError: no answer for invoice 1"
    assert list(local.backend.logs("default", "invoice", follow=True)) == newest
    with pytest.raises(LogsUnavailable, match="attempt 9 has no log; attempts with one: 1, 2"):
        list(local.backend.logs("default", "invoice", attempt=9))


async def test_both_logs_of_all_jobs_are_written(local: LocalMode) -> None:
    local.submit("InvoiceJob.create", {"number": 1}, name="invoice")
    local.submit("Nope.run", name="nope")
    await local.run_without_waits("invoice", "nope")
    stages = [line.split()[1] for line in local.state.job_log.read_text().splitlines() if line[0] != " "]
    assert [stage for stage in stages if stage != "REJECTED"] == [
        *("RUNNING", "ATTEMPT", "FAILED", "RETRYING"),
        *("RUNNING", "ATTEMPT", "SUCCEEDED"),
    ]
    errors = local.state.error_log.read_text()
    assert " FAILED attempt 1 InvoiceJob.create " in errors
    assert " REJECTED Nope.run job=default/nope reason=NotAllowed " in errors
    assert "SUCCEEDED" not in errors


async def test_both_logs_are_json_lines_where_that_is_asked_for(
    local: LocalMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKGROUNDJOB_LOG_FORMAT", "json")
    local.submit("InvoiceJob.create", {"number": 1}, name="invoice")
    local.submit("Nope.run", name="nope")
    await local.run_without_waits("invoice", "nope")
    told = [json.loads(line) for line in local.state.job_log.read_text().splitlines()]
    assert {one["stage"] for one in told} == {
        *("RUNNING", "ATTEMPT", "FAILED", "RETRYING", "SUCCEEDED", "REJECTED")
    }
    errors = [json.loads(line) for line in local.state.error_log.read_text().splitlines()]
    assert sorted((one["stage"], one["level"]) for one in errors) == [
        ("FAILED", "error"),
        ("REJECTED", "error"),
    ]


async def test_a_job_submitted_by_another_process_is_noticed(local: LocalMode) -> None:
    environment = {**os.environ, **local.environment}
    async with local.engine():
        process = subprocess.Popen(  # noqa: ASYNC220  it is polled, and starting it takes a millisecond
            bgjob("run", "--local", "EmailJob.send", "to=a@example.org", "--name", "mail"),
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        await until(lambda: process.poll() is not None)
        [status] = await local.ended("mail")
    assert (process.returncode, status["state"]) == (0, "Succeeded")


def test_bgjob_run_wait_needs_nothing_else_running(local: LocalMode) -> None:
    done = subprocess.run(
        bgjob("run", "--local", "--wait", "EmailJob.send", "to=a@example.org"),
        cwd=local.options.working_directory,
        env={**os.environ, **local.environment},
        stdout=subprocess.PIPE,
        timeout=30,
        check=True,
    )
    assert json.loads(done.stdout) == {"to": "a@example.org", "subject": "Hello"}


def test_local_mode_calls_nothing_that_windows_lacks() -> None:
    lacking = ("fcntl", "os.fork", "killpg", "setsid", "SIGKILL", "SIGHUP", "preexec_fn", "getuid", "os.wait")
    sources = {path.name: path.read_text() for path in Path(local_package.__file__ or "").parent.glob("*.py")}
    assert "supervisor.py" in sources
    assert [(name, word) for name, text in sources.items() for word in lacking if word in text] == []


def test_local_mode_needs_no_kubernetes_client_and_no_kopf() -> None:
    code = (
        "import sys, backgroundjob_operator.local.dev, backgroundjob_operator.local.backend;"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'kopf', 'kubernetes', 'aiohttp'})"
    )
    found = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert found.stdout.split() == []


def test_a_process_that_ends_while_its_job_runs_warns_of_nothing(local: LocalMode) -> None:
    script = (
        "from backgroundjob import StillRunning, run_background_job\n"
        "handle = run_background_job('Hostile', 'sleep', {'seconds': 3}, backend='local')\n"
        "try: handle.wait(timeout=1.5)\n"
        "except StillRunning as error: print(error.state)\n"
    )
    run = subprocess.run(
        [sys.executable, "-X", "dev", "-c", script],
        env={**os.environ, **local.environment},
        cwd=local.options.working_directory,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert (run.stdout, run.stderr) == ("Running\n", "")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: path.write_text("a file"), "the state directory .* cannot be made: "),
        (lambda path: (path / "objects.db").mkdir(parents=True), "objects.db cannot be used: unable to open"),
        (lambda path: (path.mkdir(), (path / "objects.db").write_text("x" * 200)), "is not a database"),
    ],
    ids=["a file", "a folder", "something else"],
)
async def test_a_state_directory_that_cannot_be_used_says_so(
    local: LocalMode, tmp_path: Path, make: Any, problem: str
) -> None:
    options = replace(local.options, state_directory=tmp_path / "odd")
    make(options.state_directory)
    with pytest.raises(BackendUnavailable, match=problem):
        LocalBackend(options=options).list(None)
    with pytest.raises(BackendUnavailable, match="choose another directory with BACKGROUNDJOB_STATE_DIR"):
        async with LocalEngine(options):
            pass


class Vanishing(LocalBackend):
    """Whose job is deleted as soon as it was read."""

    def get(self, namespace: str, name: str) -> dict[str, Any]:
        found = super().get(namespace, name)
        self.delete(namespace, name)
        return found


def test_a_job_that_is_deleted_before_the_first_look_is_told_as_deleted(local: LocalMode) -> None:
    run_background_job("EmailJob", "send", {"to": "a"}, name="mail", backend=local.backend)
    told = Vanishing(options=local.options).changes("default", "mail", timeout_seconds=10)
    assert [change.type for change in told] == ["ADDED", "DELETED"]


def test_waiting_for_a_job_that_has_finished_starts_no_engine(local: LocalMode) -> None:
    handle = run_background_job("EmailJob", "send", {"to": "a@example.org"}, backend=local.backend).wait(20)
    local.options.settings_file.unlink()  # an engine could not start
    assert handle.wait(20).state == "Succeeded"
