"""What goes wrong has its exit code, names the next step, and shows no traceback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backgroundjob.backends import kube_watch, use_backend
from backgroundjob.backends.cluster import ClusterBackend
from backgroundjob.testing import InMemoryBackend
from command_line import Answer, bgjob
from fake_api_server import FakeApiServer

JOBS = "/apis/backgroundjob.dev/v1alpha1/namespaces/shop/backgroundjobs"
MINE = f"{JOBS}/mine"
USAGE, REFUSED, UNAVAILABLE = 2, 4, 5


def told(answer: Answer) -> str:
    """All of stderr in one line, once it is sure that it is a message and no traceback."""
    assert "Traceback" not in answer.err + answer.out
    assert answer.out == ""
    return answer.err_text


@pytest.mark.parametrize(
    ("arguments", "code", "problem", "next_step"),
    [
        (["key:={"], USAGE, "key:= is not JSON", "Try 'bgjob run -h' for help."),
        (["key"], USAGE, "neither key=text nor key:=json", "Try 'bgjob run -h'"),
        (["--params", "3"], USAGE, "--params needs a JSON object", "Try 'bgjob run -h'"),
        (["--params", "@nowhere.json"], USAGE, "--params @nowhere.json", "Try 'bgjob run -h'"),
        (["--retries", "many"], USAGE, "Invalid value for '--retries'", "Try 'bgjob run -h'"),
        (["--retry", "3"], USAGE, "No such option: --retry", "Try 'bgjob run -h'"),
        (["--backoff", "Linar"], USAGE, "'Linar' is not one of", "'Fixed', 'Linear', 'Exponential'"),
        (["key:=NaN"], REFUSED, "params.key is not a finite number", "send text, or null"),
        (["key:=[1, -Infinity]"], REFUSED, "params.key[1] is not a finite number", "send text, or null"),
        (["key:=9223372036854775808"], REFUSED, "beyond 64 bits", "send it as text"),
        (["key=\udcff"], REFUSED, "half of a surrogate pair", "send it in base64"),
        (["key=" + "x" * 70_000], REFUSED, "is 70010 bytes as JSON", "send a reference to the data"),
        (["key:=" + "[" * 9 + "]" * 9], REFUSED, "is nested too deep", "at most 8 levels are accepted"),
        (["key:=" + "[" * 100_000], USAGE, "key:= is", "Try 'bgjob run -h'"),
        (["--delay", "soon"], REFUSED, "delay is 'soon'", "give seconds, a text such as '90s'"),
        (["--name", "UPPER"], REFUSED, "name is 'UPPER'", "give at most 63 lower-case letters"),
    ],
)
def test_a_wrong_submission(
    jobs: InMemoryBackend, arguments: list[str], code: int, problem: str, next_step: str
) -> None:
    answer = bgjob("run", "EmailJob.send", *arguments)
    text = told(answer)
    assert answer.code == code
    assert problem in text
    assert next_step in text
    assert jobs.calls() == []


def test_no_value_of_a_parameter_is_repeated(jobs: InMemoryBackend) -> None:
    assert "hunter2" not in told(bgjob("run", "E.s", 'token:=[1, NaN, "hunter2"]'))
    assert "hunter2" not in told(bgjob("run", "E.s", "token:={hunter2"))


COMMANDS: list[list[str]] = [
    ["run", "EmailJob.send"],
    ["list"],
    ["get", "mine"],
    ["describe", "mine"],
    ["logs", "mine"],
    ["wait", "mine"],
    ["why", "mine"],
    ["plan", "mine"],
    ["cancel", "mine"],
    ["delete", "mine"],
]
WHOLE = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])


@pytest.fixture
def on_cluster(cluster: ClusterBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command talks to the fake API server."""
    monkeypatch.setattr("backgroundjob.cli.flags.select_backend", lambda *_, **__: cluster)
    monkeypatch.setattr("backgroundjob.backends.kube_watch._PAUSE_SECONDS", 0.0)


def refuse(api: FakeApiServer, status: int, message: str, **fields: Any) -> None:
    for method, path in (("POST", JOBS), ("GET", JOBS), ("GET", MINE), ("DELETE", MINE)):
        api.refuse(method, path, status, message, **fields)


@WHOLE
def test_a_cluster_that_refuses_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "{apiVersion: v1, kind: Config, current-context: c, users: [{name: u, user: {}}], "
        "contexts: [{name: c, context: {cluster: c, user: u}}], "
        "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}]}"
    )
    monkeypatch.setenv("KUBECONFIG", str(config))
    answer = bgjob(*command)
    text = told(answer)
    assert answer.code == UNAVAILABLE
    assert "http://127.0.0.1:9 cannot be reached" in text
    assert "Connection refused" in text
    assert "check the address and your network with: kubectl cluster-info" in text


@WHOLE
def test_no_permission(api: FakeApiServer, on_cluster: None, command: list[str]) -> None:
    refuse(api, 403, 'backgroundjobs "mine" is forbidden: user "ada" cannot do it')
    answer = bgjob(*command)
    text = told(answer)
    assert answer.code == UNAVAILABLE
    assert 'user "ada" cannot do it' in text
    assert "ask for a binding to the ClusterRole backgroundjob-edit" in text


@WHOLE
def test_an_expired_token(api: FakeApiServer, on_cluster: None, command: list[str]) -> None:
    refuse(api, 401, "Unauthorized")
    answer = bgjob(*command)
    text = told(answer)
    assert answer.code == UNAVAILABLE
    assert "the credentials are missing or expired" in text
    assert "log in again, then: kubectl auth whoami" in text


def test_a_namespace_that_does_not_exist(api: FakeApiServer, on_cluster: None) -> None:
    api.refuse(
        "POST", JOBS, 404, 'namespaces "shop" not found', details={"name": "shop", "kind": "namespaces"}
    )
    answer = bgjob("run", "EmailJob.send")
    text = told(answer)
    assert answer.code == UNAVAILABLE
    assert "Namespace shop not found" in text
    assert "kubectl get namespaces; --namespace names another" in text


def test_what_cannot_be_a_namespace(api: FakeApiServer, on_cluster: None) -> None:
    answer = bgjob("list", "-n", "No_Such")
    assert answer.code == UNAVAILABLE
    assert "Namespace No_Such not found" in told(answer)


@pytest.mark.parametrize("answers", [1, 2])
def test_an_api_server_that_is_gone_in_the_middle_of_a_wait(
    api: FakeApiServer, on_cluster: None, answers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = {
        "metadata": {"namespace": "shop", "name": "mine", "uid": "u1", "resourceVersion": "7"},
        "spec": {"class": "EmailJob", "method": "send"},
        "status": {"state": "Running", "reason": "Running"},
    }
    api.answer("GET", MINE, running)
    api.answer("GET", JOBS, b"")
    monkeypatch.setattr(kube_watch, "PATIENCE_SECONDS", 0)
    api.answers_left = answers
    answer = bgjob("wait", "mine")
    text = told(answer)
    assert answer.code == UNAVAILABLE
    assert "cannot be reached" in text
    assert "check the address and your network" in text


def fails(error: type[BaseException]) -> Callable[..., Any]:
    def act(*_: object, **__: object) -> Any:
        raise error

    return act


def test_ctrl_c_while_waiting_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = InMemoryBackend()
    monkeypatch.setattr(backend, "get", fails(KeyboardInterrupt))
    with use_backend(backend):
        answer = bgjob("wait", "mine")
    assert "Traceback" not in answer.err
    assert answer.code == 130
