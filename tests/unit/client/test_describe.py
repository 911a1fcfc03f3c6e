"""`bgjob describe`: one page about one job."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backgroundjob.cli import describe
from backgroundjob.testing import InMemoryBackend
from command_line import bgjob

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FAILED = {
    "number": 1,
    "jobName": "mail-1",
    "nodeName": "node1",
    "startTime": "2026-03-01T11:57:00Z",
    "finishTime": "2026-03-01T11:57:02Z",
    "outcome": "Failed",
    "cause": "AppError",
    "charged": True,
    "exitCode": 1,
    "exception": {
        "type": "OSError",
        "message": "gone\x1b[2J",
        "traceback": 'Traceback:\n  File "email.py"\n',
    },
}
EVICTED = {"number": 2, "jobName": "mail-2", "outcome": "Disrupted", "cause": "Evicted", "charged": False}
EVICTED |= {"message": "drained"}
RUNNING = {"number": 3, "jobName": "mail-3", "startTime": "2026-03-01T11:59:00Z"}


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls(2026, 3, 1, 12, 0, tzinfo=tz)

    monkeypatch.setattr(describe, "datetime", Clock)


def test_the_page_has_facts_ledger_traceback_and_events(
    jobs: InMemoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    bgjob("run", "EmailJob.send", "to=a@example.org", "--name", "mail", "--depends-on", "first")
    document = jobs.get("default", "mail")
    document["metadata"]["creationTimestamp"] = "2026-03-01T11:55:00Z"
    document["status"] = {
        "state": "Running",
        "reason": "Running",
        "message": "attempt 3 is running",
        "attemptSummary": "1/3",
        "disruptionCount": 1,
        "attempts": [FAILED, EVICTED, RUNNING],
        "progress": {"percent": 40, "message": "half of it"},
        "priority": 0,
        "queue": "default",
    }
    jobs._store(document)
    event = {"type": "Warning", "reason": "AppError", "message": "attempt 1 ended"}
    monkeypatch.setattr(
        InMemoryBackend, "events", lambda *_: [event | {"lastTimestamp": "2026-03-01T11:57:03Z"}]
    )
    assert bgjob("describe", "mail").out.splitlines() == [
        "Name:         mail",
        "Namespace:    default",
        "Runs:         EmailJob.send",
        "State:        Running (Running)",
        "Message:      attempt 3 is running",
        "Attempts:     1/3 charged, 1 disrupted",
        "Progress:     40 % half of it",
        "Created:      2026-03-01T11:55:00Z (5m ago)",
        "Priority:     0",
        "Queue:        default",
        "Depends on:   first (Succeeded)",
        'Params:       {"to": "a@example.org"}',
        "",
        "Attempts:",
        "  NUMBER   OUTCOME     CAUSE      CHARGED   STARTED   DURATION   EXIT   NODE    DETAIL",
        "  1        Failed      AppError   yes       3m ago    2s         1      node1   OSError: gone [2J",
        "  2        Disrupted   Evicted    no        -         -          -      -       drained",
        "  3        running     -          -         60s ago   60s        -      -       -",
        "",
        "Traceback of attempt 1:",
        "  Traceback:",
        '    File "email.py"',
        "",
        "Events:",
        "  AGE         TYPE      REASON     MESSAGE",
        "  2m57s ago   Warning   AppError   attempt 1 ended",
    ]


def test_a_job_that_nobody_has_seen_has_a_short_page(jobs: InMemoryBackend) -> None:
    bgjob("run", "EmailJob.send", "--name", "mail", "--suspend", "--delay", "10m", "--timeout", "5m")
    page = bgjob("describe", "mail").out
    assert "State:        not seen by the operator\n" in page
    assert "Commands:     suspend\nNot before:   10m after creation\nTimeout:      5m\n" in page
    assert "Attempts:" in page
    assert page.endswith("\nEvents: none\n")


def test_a_long_value_is_cut(jobs: InMemoryBackend) -> None:
    bgjob("run", "EmailJob.send", f"body={'x' * 500}", "--name", "mail")
    (line,) = [line for line in bgjob("describe", "mail").out.splitlines() if line.startswith("Params")]
    assert line.endswith("xxx… (-o json has all)")
