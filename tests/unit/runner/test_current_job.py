"""`current_job()`: what a method may know of its attempt, and what it finds outside one."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from backgroundjob_runner.context import CurrentJob, current_job, set_current_job
from backgroundjob_runner.stopping import AttemptStopped
from runner_process import RunnerProcess


def job(**fields: Any) -> CurrentJob:
    standard: dict[str, Any] = {
        "name": "mail",
        "namespace": "shop",
        "uid": "u",
        "attempt": 2,
        "max_attempts": 3,
        "deadline_timestamp": 0,
        "log": print,
        "class_name": "EmailJob",
        "method": "send",
    }
    return CurrentJob(**{**standard, **fields})


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    yield
    set_current_job(None)


def test_inside_a_job_it_is_that_attempt() -> None:
    lines: list[str] = []
    assert set_current_job(job(log=lines.append)) is None
    current_job().log("hello")
    assert lines == ["hello"]
    assert current_job().fencing_token == 2
    assert current_job().deadline.isoformat() == "1970-01-01T00:00:00+00:00"
    assert current_job().remaining_seconds < 0
    assert set_current_job(None) == job(log=lines.append)


def test_outside_a_job_everything_may_be_asked_and_nothing_happens(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    here = current_job()
    assert (here.name, here.namespace, here.attempt, here.max_attempts) == ("", "", 1, 1)
    assert (here.fencing_token, here.deadline.year, here.remaining_seconds) == (0, 9999, float("inf"))
    assert not here.stopping
    here.raise_if_stopping()
    here.log("hello")
    here.logger.warning("careful")
    assert capsys.readouterr() == ("", "hello\n")
    assert caplog.messages == ["careful"]


def test_outside_a_job_a_line_is_dropped_where_there_is_no_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    current_job().log("hello")


def test_a_method_that_is_told_to_stop_can_ask() -> None:
    is_told = False
    set_current_job(job(told_to_stop=lambda: is_told))
    assert not current_job().stopping
    is_told = True
    assert current_job().stopping
    with pytest.raises(AttemptStopped):
        current_job().raise_if_stopping()


def test_its_logger_says_which_attempt_a_record_is_about(caplog: pytest.LogCaptureFixture) -> None:
    set_current_job(job())
    with caplog.at_level(logging.INFO):
        current_job().logger.info("sent %s", 1, extra={"to": "a@example.org", "attempt": 9})
    [record] = caplog.records
    assert (record.name, record.getMessage()) == ("backgroundjob", "sent 1")
    fields = {name: vars(record)[name] for name in ("job", "namespace", "attempt", "class", "method", "to")}
    assert fields == {
        "job": "mail",
        "namespace": "shop",
        "attempt": 2,
        "class": "EmailJob",
        "method": "send",
        "to": "a@example.org",
    }


STOPPABLE = """
import time
from backgroundjob import current_job
class Job:
    def run(self):
        try:
            print("ready")
            time.sleep(60)
        except SystemExit:
            was_told = current_job().stopping
        if was_told:
            print("told")
        current_job().raise_if_stopping()
"""


def test_a_process_that_gets_sigterm_tells_its_method(runner: RunnerProcess) -> None:
    runner.job(STOPPABLE)
    ended = runner.terminated()
    assert "told" in ended.output
    assert (ended.receipt.outcome, ended.receipt.exception) == ("Terminated", None)
