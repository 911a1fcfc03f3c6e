"""The runner's own lines, text or JSON."""

import json
import re

import pytest

from backgroundjob_runner.joblog import JobLog
from backgroundjob_runner.redaction import Redactor
from runner_process import RunnerProcess, invocation, json_lines

TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "


def test_each_stage_is_a_line_with_class_method_and_time(runner: RunnerProcess) -> None:
    runner.job(
        "from backgroundjob import current_job\n"
        "class Job:\n def run(self): print('printed'); current_job().log('from inside')"
    )
    lines = runner.run(attempt=2).output.splitlines()
    own = "Job.run job=shop/mail params={}"
    expected = [
        f"{TIMESTAMP}RUNNING {own}",
        f"{TIMESTAMP}ATTEMPT 2 of 3 {own}",
        "printed",
        f"{TIMESTAMP}LOG {own} - from inside",
        rf"{TIMESTAMP}SUCCEEDED {own} - after \d\.\d\d\d s",
    ]
    assert len(lines) == len(expected)
    assert all(re.fullmatch(pattern, line) for pattern, line in zip(expected, lines, strict=True))


def test_a_failure_names_the_attempt_and_shows_the_traceback(runner: RunnerProcess) -> None:
    runner.job("class Job:\n def run(self): raise ValueError('no customer')")
    output = runner.run().output
    assert "FAILED attempt 1 Job.run job=shop/mail params={} - after 0." in output
    assert "s: ValueError: no customer\n    Traceback (most recent call last):\n" in output


def test_json_lines_carry_the_same(runner: RunnerProcess) -> None:
    runner.job("class Job:\n def run(self, to): raise ValueError('no customer')")
    ended = runner.run(params={"to": "ä"}, loggable=("to",), environment={"BACKGROUNDJOB_LOG_FORMAT": "json"})
    running, attempt, failed = json_lines(ended.output)
    assert (running["stage"], attempt["stage"], failed["stage"]) == ("RUNNING", "ATTEMPT", "FAILED")
    assert (running["level"], failed["level"]) == ("info", "error")
    assert failed["message"].endswith("ValueError: no customer")
    assert "in run" in failed["traceback"]
    del attempt["time"]
    assert attempt == {
        "level": "info",
        "stage": "ATTEMPT",
        "class": "Job",
        "method": "run",
        "job": "shop/mail",
        "attempt": 1,
        "maxAttempts": 3,
        "params": {"to": "ä"},
    }


def test_only_loggable_params_appear() -> None:
    lines: list[bytes] = []
    seen = invocation(params={"to": "a@example.org", "subject": "private"}, loggable=("to", "missing"))
    JobLog(seen, Redactor(), as_json=False, write=lines.append).line("RUNNING")
    assert lines[0].endswith(b'params={"to":"a@example.org"}\n')


@pytest.mark.parametrize("as_json", [False, True])
def test_a_message_cannot_forge_a_second_line(as_json: bool) -> None:
    lines: list[bytes] = []
    log = JobLog(invocation(), Redactor(), as_json=as_json, write=lines.append)
    log.job_line("one\n2026-03-01T00:00:00.000Z SUCCEEDED Job.run\r\x1b[2K\udc80")
    assert len(lines) == 1
    assert lines[0].count(b"\n") == 1
    assert lines[0].endswith(b"\n")
    assert b"\x1b" not in lines[0]
    if as_json:
        assert json.loads(lines[0])["message"].startswith("one\n2026")
    else:
        assert b"one\\n2026" in lines[0]
