"""`bgjob run` and `bgjob wait`."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from backgroundjob.api.reasons import State
from backgroundjob.backends import Change
from backgroundjob.cli.commands import app
from backgroundjob.testing import InMemoryBackend, use_backend
from command_line import bgjob


class Finishing(InMemoryBackend):
    """Ends each job in `state` as soon as somebody waits for it."""

    def __init__(self, state: State = State.SUCCEEDED, result: Any = None) -> None:
        super().__init__()
        self._state, self._result = state, result

    def changes(
        self, namespace: str | None, name: str | None = None, *, timeout_seconds: float | None = None
    ) -> Generator[Change, None, None]:
        if namespace is None or name is None:
            return
        if self._state is State.SUCCEEDED:
            self.succeed(name, self._result, namespace=namespace)
        else:
            self.fail(name, state=self._state, message="because", namespace=namespace)
        yield from super().changes(namespace, name, timeout_seconds=timeout_seconds)


def test_run_submits_and_prints_the_name_as_kubectl_does(jobs: InMemoryBackend) -> None:
    answer = bgjob("run", "shop.EmailJob.send", "to=a@example.org", "--name", "mine")
    assert (answer.code, answer.out) == (0, "backgroundjob.backgroundjob.dev/mine submitted\n")
    assert jobs.calls() == [("shop.EmailJob.send", {"to": "a@example.org"})]


@pytest.mark.parametrize(
    ("arguments", "params"),
    [
        (["count=5"], {"count": "5"}),
        (["count:=5", 'to:=["a"]'], {"count": 5, "to": ["a"]}),
        (["query=a=b:=c", "empty="], {"query": "a=b:=c", "empty": ""}),
        (["--params", '{"a": {"b": null}}', "c=d"], {"a": {"b": None}, "c": "d"}),
        (["--params", '["param1", "param2"]'], ["param1", "param2"]),
    ],
)
def test_parameters_are_text_or_json(jobs: InMemoryBackend, arguments: list[str], params: Any) -> None:
    assert bgjob("run", "Job.handle", *arguments).code == 0
    assert jobs.calls() == [("Job.handle", params)]


def test_parameters_come_from_a_file_or_from_stdin(jobs: InMemoryBackend, tmp_path: Path) -> None:
    (tmp_path / "params.json").write_text('{"a": 1}')
    assert bgjob("run", "Job.handle", "--params", f"@{tmp_path / 'params.json'}").code == 0
    assert CliRunner().invoke(app, ["run", "Job.handle", "--params", "-"], input='{"a": 2}').exit_code == 0
    assert [params for _, params in jobs.calls()] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Email"], "has no method; give CLASS.METHOD"),
        (["A.b", "nonsense"], "is neither key=text nor key:=json"),
        (["A.b", "a=1", "a=2"], "parameter a is given twice"),
        (["A.b", "a:={"], "a:= is not JSON"),
        (["A.b", "a:=" + "[" * 100_000], "a:= is nested too deep"),
        (["A.b", "--params", "5"], "--params needs a JSON object, or a list"),
        (["A.b", "--params", "[1]", "a=1"], "exclude each other"),
        (["A.b", "--params", "@/nowhere"], "No such file"),
        (["A.b", "--local", "--context", "x"], "--local and --context exclude each other"),
        (["A.b", "--backoff", "Random"], "Random"),
        (["A.b", "--params-from", "token"], "--params-from 'token' is not KEY=SECRET/KEY"),
        (["A.b", "--params-from", "a=b/c", "--params-from", "a=b/d"], "parameter a is given twice"),
    ],
)
def test_a_wrong_command_line_exits_with_2(jobs: InMemoryBackend, arguments: list[str], message: str) -> None:
    answer = bgjob("run", *arguments)
    assert answer.code == 2
    assert message in answer.err_text
    assert jobs.calls() == []


def test_every_option_reaches_the_object(jobs: InMemoryBackend) -> None:
    options = (
        "--retries 3 --retry-delay 90s --backoff Fixed --timeout 5m --delay 10m --priority -5 --queue mail"
    )
    bgjob("run", "A.b", "id:=7", "--unique", "a-{id}", "-n", "shop", *options.split())
    document = jobs.get("shop", "a-7")
    assert document["spec"] == {
        "class": "A",
        "method": "b",
        "params": {"id": 7},
        "delaySeconds": 600,
        "priority": -5,
        "queue": "mail",
        "timeoutSeconds": 300,
        "retry": {"maxAttempts": 4, "delaySeconds": 90, "backoff": "Fixed"},
    }


def test_every_option_about_other_jobs_and_the_end_reaches_the_object(jobs: InMemoryBackend) -> None:
    options = (
        "--name mine --retry-on TimeoutError --retry-on OSError --fail-on KeyError --deadline 1h --ttl 2d "
        "--depends-on first --depends-on other:Finished --concurrency-key customer-42 --suspend "
        "--params-from token=mail/api-token"
    )
    assert bgjob("run", "A.b", *options.split()).code == 0
    assert jobs.get("default", "mine")["spec"] == {
        "class": "A",
        "method": "b",
        "paramsFrom": [{"name": "token", "secretKeyRef": {"name": "mail", "key": "api-token"}}],
        "deadlineSeconds": 3600,
        "ttlSecondsAfterFinished": 172_800,
        "suspend": True,
        "concurrencyKey": "customer-42",
        "dependsOn": [{"name": "first"}, {"name": "other", "condition": "Finished"}],
        "retry": {"retryOn": ["TimeoutError", "OSError"], "failOn": ["KeyError"]},
    }


@pytest.mark.parametrize("time", ["2026-03-01T07:30:00", "2026-03-01T08:30:00+01:00", "2026-03-01T07:30:00Z"])
def test_a_start_time_without_an_offset_is_utc(jobs: InMemoryBackend, time: str) -> None:
    bgjob("run", "A.b", "--name", "mine", "--run-at", time)
    assert jobs.get("default", "mine")["spec"]["runAt"] == "2026-03-01T07:30:00Z"


def test_a_dry_run_prints_the_manifest_and_needs_no_backend() -> None:
    answer = bgjob("run", "EmailJob.send", "to=a", "--dry-run")
    assert yaml.safe_load(answer.out)["spec"] == {
        "class": "EmailJob",
        "method": "send",
        "params": {"to": "a"},
    }
    answer = bgjob("run", "EmailJob.send", "to=a", "--dry-run", "-o", "json")
    assert json.loads(answer.out)["metadata"] == {"generateName": "email-job-send-"}


def test_the_output_option_prints_the_object(jobs: InMemoryBackend) -> None:
    assert json.loads(bgjob("run", "A.b", "--name", "mine", "-o", "json").out)["metadata"]["name"] == "mine"
    assert bgjob("run", "A.b", "--name", "mine", "-o", "name").out == "backgroundjob.backgroundjob.dev/mine\n"


def test_a_conflict_is_one_error_and_a_next_step(jobs: InMemoryBackend) -> None:
    bgjob("run", "A.b", "x=1", "--name", "mine")
    answer = bgjob("run", "A.b", "x=2", "--name", "mine")
    assert answer.code == 4
    assert answer.err.splitlines() == [
        "Error: default/mine exists and differs: params.x: another value",
        "  choose another name, or delete the existing job first",
    ]


def test_waiting_prints_the_result_on_stdout_and_the_rest_on_stderr() -> None:
    with use_backend(Finishing(result={"sent": True})):
        answer = bgjob("run", "A.b", "--name", "mine", "--wait")
    assert answer.code == 0
    assert json.loads(answer.out) == {"sent": True}
    assert "backgroundjob.backgroundjob.dev/mine submitted" in answer.err
    assert "Succeeded default/mine, attempts 1" in answer.err


def test_waiting_for_a_job_without_a_result_prints_none() -> None:
    with use_backend(Finishing()):
        assert bgjob("run", "A.b", "--wait-timeout", "5s").out == ""


@pytest.mark.parametrize(
    ("state", "code"), [(State.SUCCEEDED, 0), (State.FAILED, 1), (State.CANCELLED, 3), (State.REJECTED, 4)]
)
def test_wait_exits_by_the_outcome(state: State, code: int) -> None:
    with use_backend(Finishing(state)):
        assert bgjob("run", "A.b", "--name", "mine").code == 0
        assert bgjob("wait", "mine").code == code
        assert bgjob("run", "A.b", "--wait").code == code


def test_a_failure_shows_the_exception_and_where_the_log_is(jobs: InMemoryBackend) -> None:
    bgjob("run", "A.b", "--name", "mine")
    jobs.fail("mine", exception=ValueError("no such address\x1b[2J"))
    answer = bgjob("wait", "mine")
    assert answer.err.splitlines() == [
        "Error: default/mine Failed (RetriesExhausted): ValueError: no such address [2J",
        "  its log: bgjob logs mine --namespace default",
    ]


@pytest.mark.parametrize("options", [["--local"], ["--context", "prod"], ["--backend", "local"]])
def test_the_hint_leads_to_the_same_place(
    jobs: InMemoryBackend, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setattr("backgroundjob.cli.flags.select_backend", lambda *_, **__: jobs)
    bgjob("run", "A.b", "--name", "mine")
    jobs.fail("mine")
    hint = bgjob("wait", "mine", *options).err.splitlines()[-1]
    assert hint == f"  its log: bgjob logs mine --namespace default {' '.join(options)}"


def test_a_failed_job_can_be_printed_whole(jobs: InMemoryBackend) -> None:
    bgjob("run", "A.b", "--name", "mine")
    jobs.fail("mine")
    assert json.loads(bgjob("wait", "mine", "-o", "json").out)["status"]["state"] == "Failed"


def test_a_wait_that_times_out_exits_with_124(jobs: InMemoryBackend) -> None:
    bgjob("run", "A.b", "--name", "mine")
    answer = bgjob("wait", "mine", "--timeout", "1s")
    assert answer.code == 124
    assert answer.err == (
        "Error: default/mine is still not seen by the operator after 1 s; it goes on\n"
        "  what it waits for: bgjob why mine --namespace default\n"
    )


def test_a_job_that_does_not_exist_exits_with_5(jobs: InMemoryBackend) -> None:
    answer = bgjob("wait", "mine")
    assert answer.code == 5
    assert answer.err.startswith("Error: BackgroundJob default/mine not found\n")
