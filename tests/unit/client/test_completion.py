"""Completion in shells and in kubectl: what is offered, and that nothing ever goes wrong aloud."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from backgroundjob import AccessDenied, run_background_job
from backgroundjob.backends import Document, use_backend
from backgroundjob.cli import completion, kubectl_completion
from backgroundjob.cli.kubectl_completion import suggestions
from backgroundjob.stored_settings import StoredSettings
from backgroundjob.testing import InMemoryBackend

SETTINGS = StoredSettings(
    allow_list={"EmailJob.send": "", "EmailJob.bounce": "", "InvoiceJob.create": ""},
    config={"queues": "{mail: {concurrency: 2}}"},
)


@pytest.fixture
def jobs() -> InMemoryBackend:
    """Two jobs here, one elsewhere."""
    return InMemoryBackend(settings=SETTINGS)


def offered(backend: InMemoryBackend, *typed: str) -> list[str]:
    with use_backend(backend):
        if not backend.list(None):
            run_background_job("EmailJob", "send", name="mail-1", queue="slow")
            run_background_job("EmailJob", "send", name="mail-2")
            run_background_job("EmailJob", "send", name="mail-3", namespace="shop")
            backend.succeed("mail-1")
        return [line.partition("\t")[0] for line in suggestions(list(typed))]


@pytest.mark.parametrize(
    "command",
    ["get", "describe", "logs", "wait", "why", "cancel", "suspend", "resume", "retry", "delete", "plan"],
)
def test_names_of_jobs_are_offered(jobs: InMemoryBackend, command: str) -> None:
    assert offered(jobs, command, "mai") == ["mail-1", "mail-2"]


def test_names_say_what_runs_and_how_it_stands(jobs: InMemoryBackend) -> None:
    assert offered(jobs, "get", "mail-1") == ["mail-1"]
    with use_backend(jobs):
        assert suggestions(["get", "mail-"]) == ["mail-1\tEmailJob.send Succeeded", "mail-2\tEmailJob.send"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["get", "mail-1", "mai"], ["mail-2"]),
        (["get", "--namespace", "shop", ""], ["mail-3"]),
        (["run", "E"], ["EmailJob.bounce", "EmailJob.send"]),
        (["plan", ""], ["EmailJob.bounce", "EmailJob.send", "InvoiceJob.create", "mail-1", "mail-2"]),
        (["allow-list", "show", "Inv"], ["InvoiceJob.create"]),
        (["list", "--state", "S"], ["Succeeded"]),
        (["cancel", "--queue", ""], ["default", "mail", "slow"]),
        (["run", "EmailJob.send", "--queue", "m"], ["mail"]),
        (["cancel", "--class", "Inv"], ["InvoiceJob", "InvoiceJob.create"]),
        (["allow-list", ""], ["list", "show", "lint", "generate"]),
        (["res"], ["resume"]),
        (["get", "--all"], []),
        ([""], ["run", "list", "get", "logs", "wait"]),
        (["get", "it's \"quoted"], []),
    ],
)
def test_what_fits_is_offered(jobs: InMemoryBackend, typed: list[str], expected: list[str]) -> None:
    found = offered(jobs, *typed)
    assert found[: len(expected)] == expected
    assert bool(found) is bool(expected)


class Denied(InMemoryBackend):
    def list(self, namespace: str | None) -> Sequence[Document]:
        raise AccessDenied("you may not list")


class Hanging(InMemoryBackend):
    """Answers once the test is over."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def list(self, namespace: str | None) -> Sequence[Document]:
        self.over.wait()
        return ()


def test_an_error_offers_nothing_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with use_backend(Denied()):
        assert suggestions(["get", ""]) == []
    assert capfd.readouterr() == ("", "")


def test_a_server_that_does_not_answer_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "PATIENCE_SECONDS", 0.0)
    backend = Hanging()
    with use_backend(backend):
        assert suggestions(["get", ""]) == []
    backend.over.set()


def test_kubectl_gets_a_directive_in_the_last_line(
    jobs: InMemoryBackend, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    offered(jobs)
    monkeypatch.setattr(sys, "argv", ["kubectl_complete-bgjob", "run", "Inv"])
    with use_backend(jobs):
        kubectl_completion.main()
    assert capsys.readouterr().out == "InvoiceJob.create\n:4\n"
    monkeypatch.setattr(sys, "argv", ["kubectl_complete-bgjob", "get", "nobody"])
    with use_backend(jobs):
        kubectl_completion.main()
    assert capsys.readouterr().out == ":0\n"


def test_kubectl_finds_the_program_by_its_name() -> None:
    (script,) = entry_points(group="console_scripts", name="kubectl_complete-bgjob")
    assert script.load() is kubectl_completion.main


BGJOB = str(Path(sys.executable).with_name("bgjob"))


def printed(environment: dict[str, str], *arguments: str) -> str:
    run = subprocess.run(
        [BGJOB, *arguments], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return run.stdout


@pytest.mark.parametrize(
    ("shell", "part"),
    [
        ("bash", "complete -o default -F _bgjob_completion bgjob"),
        ("zsh", "#compdef bgjob"),
        ("fish", "complete --command bgjob"),
    ],
)
def test_there_is_a_script_for_each_shell(shell: str, part: str) -> None:
    # Otherwise the shell is guessed from the process that called.
    environment = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "PATH": "/usr/bin:/bin"}
    assert part in printed(environment, "--show-completion", shell)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (
            {"_BGJOB_COMPLETE": "complete_bash", "COMP_WORDS": "bgjob pl", "COMP_CWORD": "1"},
            "plan",
        ),
        ({"_BGJOB_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "bgjob pl"}, "plan"),
        (
            {
                "_BGJOB_COMPLETE": "complete_fish",
                "_TYPER_COMPLETE_ARGS": "bgjob pl",
                "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            },
            "plan",
        ),
    ],
)
def test_each_shell_gets_its_answer(environment: dict[str, str], expected: str) -> None:
    assert expected in printed(environment)
