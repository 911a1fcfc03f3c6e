"""`bgjob list`, `get`, `logs`, `crd`, and the command itself."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from typing import Any

import pytest
import typer
import yaml

from backgroundjob import plugins
from backgroundjob.cli import app as app_module
from backgroundjob.cli import commands
from backgroundjob.cli.output import table
from backgroundjob.testing import InMemoryBackend
from command_line import bgjob

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def job(name: str, status: dict[str, Any], created: str = "2026-03-01T11:55:00Z") -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop", "name": name, "creationTimestamp": created},
        "spec": {"class": "EmailJob", "method": "send"},
        "status": status,
    }


RETRYING = {
    "state": "Retrying",
    "reason": "BackOff",
    "attemptSummary": "1/3",
    "priority": 0,
    "nextRetryTime": "2026-03-01T12:00:12Z",
    "startTime": "2026-03-01T11:59:00Z",
    "queue": "default",
    "jobName": "mail-1",
}


def test_the_table_has_the_columns_of_kubectl() -> None:
    assert table([job("mail", RETRYING), job("a-longer-name", {})], wide=False, now=NOON) == (
        "NAME            CLASS      METHOD   STATE      ATTEMPTS   PRIORITY   NEXT-RETRY   AGE\n"
        "mail            EmailJob   send     Retrying   1/3        0          in 12s       5m\n"
        "a-longer-name   EmailJob   send     -          -          -          -            5m"
    )


def test_the_wide_table_adds_reason_queue_duration_and_job() -> None:
    header, row = table([job("mail", RETRYING)], wide=True, now=NOON, with_namespace=True).splitlines()
    assert dict(zip(header.split(), row.replace("in 12s", "in_12s").split(), strict=True)) == {
        "NAMESPACE": "shop",
        "NAME": "mail",
        "CLASS": "EmailJob",
        "METHOD": "send",
        "STATE": "Retrying",
        "ATTEMPTS": "1/3",
        "PRIORITY": "0",
        "NEXT-RETRY": "in_12s",
        "AGE": "5m",
        "REASON": "BackOff",
        "QUEUE": "default",
        "DURATION": "60s",
        "JOB": "mail-1",
    }


@pytest.mark.parametrize(
    ("status", "cells"),
    [
        ({"nextRetryTime": "2026-03-01T11:00:00Z"}, ["now", "5m", "-"]),
        ({"nextRetryTime": "garbage"}, ["-", "5m", "-"]),
        ({"startTime": "2026-03-01T11:59:00Z", "completionTime": "2026-03-01T11:59:03Z"}, ["-", "5m", "3s"]),
        ({"startTime": "2026-03-01T11:59:00Z", "duration": "3m12s"}, ["-", "5m", "3m12s"]),
    ],
)
def test_times_are_shown_relative_to_now(status: dict[str, Any], cells: list[str]) -> None:
    row = table([job("mail", status)], wide=True, now=NOON).splitlines()[1].split()
    assert [row[6], row[7], row[10]] == cells


def test_control_characters_of_a_status_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in table([job("mail", {"state": "\x1b[2JRunning"})], wide=False, now=NOON)


def submitted(jobs: InMemoryBackend, *names: str, namespace: str = "default") -> None:
    for name in names:
        bgjob("run", "EmailJob.send", "--name", name, "-n", namespace)


def test_list_shows_one_namespace_or_all(jobs: InMemoryBackend) -> None:
    submitted(jobs, "one")
    submitted(jobs, "two", namespace="shop")
    assert [line.split()[0] for line in bgjob("list").out.splitlines()] == ["NAME", "one"]
    assert [line.split()[:2] for line in bgjob("list", "-A").out.splitlines()] == [
        ["NAMESPACE", "NAME"],
        ["default", "one"],
        ["shop", "two"],
    ]
    assert bgjob("list", "-A", "-n", "shop").code == 2


def test_list_filters_by_state(jobs: InMemoryBackend) -> None:
    submitted(jobs, "one", "two", "three")
    jobs.succeed("one")
    jobs.fail("two")
    answer = bgjob("list", "--state", "Failed", "--state", "Succeeded", "-o", "name")
    assert answer.out.split() == [
        "backgroundjob.backgroundjob.dev/one",
        "backgroundjob.backgroundjob.dev/two",
    ]


def test_an_empty_list_says_so_on_stderr(jobs: InMemoryBackend) -> None:
    answer = bgjob("list")
    assert (answer.code, answer.out, answer.err) == (0, "", "No jobs found in namespace default.\n")
    assert json.loads(bgjob("list", "-o", "json").out) == {"apiVersion": "v1", "kind": "List", "items": []}


def test_get_prints_one_object_as_it_is_and_several_as_a_list(jobs: InMemoryBackend) -> None:
    submitted(jobs, "one", "two")
    assert yaml.safe_load(bgjob("get", "one", "-o", "yaml").out)["kind"] == "BackgroundJob"
    assert json.loads(bgjob("get", "one", "two", "-o", "json").out)["kind"] == "List"
    assert len(bgjob("get", "one", "two").out.splitlines()) == 3
    assert bgjob("get", "three").code == 5


def test_logs_prints_lines_and_their_errors(jobs: InMemoryBackend) -> None:
    submitted(jobs, "one")
    jobs.add_log("one", "fine", "ERROR no")
    assert bgjob("logs", "one").out == "fine\nERROR no\n"
    assert bgjob("logs", "one", "--errors", "--attempt", "1").out == "ERROR no\n"
    assert bgjob("logs", "one", "--attempt", "2").code == 5


def test_crd_prints_what_the_models_say() -> None:
    assert yaml.safe_load(bgjob("crd").out)["metadata"]["name"] == "backgroundjobs.backgroundjob.dev"


@pytest.mark.parametrize("command", ["run", "list", "get", "logs", "wait", "crd"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    answer = bgjob(command, "--help")
    assert answer.code == 0
    assert f"$ bgjob {command}" in answer.out


def test_help_of_wait_lists_the_exit_codes() -> None:
    text = " ".join(bgjob("wait", "--help").out.split())
    assert "0 Succeeded, 1 Failed, 2 wrong usage, 3 Cancelled, 4 Rejected, 5 not found" in text
    assert "124 timed out" in text


def test_without_a_command_the_help_is_printed() -> None:
    answer = bgjob()
    assert answer.code == 2
    assert "bgjob run EmailJob.send" in answer.out + answer.err
    assert bgjob("--version").out.startswith("bgjob 0.")


def test_a_misspelt_command_is_answered_with_the_nearest() -> None:
    assert "Did you mean 'list'" in bgjob("lst").err_text


def offered(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    found = {"dev": EntryPoint("dev", value, plugins.COMMANDS)}
    monkeypatch.setattr(plugins, "installed", lambda group: found if group == plugins.COMMANDS else {})


def dev(port: int = 8000) -> None:
    """Run everything on this machine."""
    typer.echo(f"port {port}")


@pytest.mark.parametrize("kind", ["function", "typer app", "command"])
def test_commands_of_other_parts_are_found_by_name(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    offered(monkeypatch, "typer:Typer")
    single = typer.Typer(add_completion=False)
    single.command()(dev)
    loaded = {"function": dev, "typer app": single, "command": typer.main.get_command(single)}[kind]
    monkeypatch.setattr(plugins, "load", lambda group, name, what: loaded)
    assert bgjob("dev", "--port", "9").out == "port 9\n"
    assert "Run everything on this machine." in bgjob("--help").out


def test_a_command_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    offered(monkeypatch, "backgroundjob_operator.local.nowhere:dev")
    answer = bgjob("dev", "--port", "9")
    assert answer.code == 5
    assert answer.err.splitlines()[-1] == "  pip install 'backgroundjob[local]'"
    assert "Not installed: pip install 'backgroundjob[local]'" in bgjob("--help").out


def test_without_the_client_extra_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['typer'] = None; from backgroundjob.cli.app import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 2
    assert run.stderr.splitlines() == [
        "Error: bgjob is not installed completely (typer not found)",
        "  pip install 'backgroundjob[client]'",
    ]


def test_the_entry_point_runs_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[bool] = []
    monkeypatch.setattr(commands, "app", lambda: called.append(True))
    app_module.main()
    assert called == [True]


def test_states_are_coloured_on_a_terminal_unless_the_user_wants_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in table([job("mail", {"state": "Failed"})], wide=False, now=NOON)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in table([job("mail", {"state": "Failed"})], wide=False, now=NOON)
