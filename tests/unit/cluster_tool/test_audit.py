"""What the API server was asked, read from its audit log."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.audit import AuditEvent, audit_events

NOON = "2026-01-01T12:00:00.000000Z"


def line(**changes: Any) -> str:
    document = {
        "stage": "ResponseComplete",
        "verb": "create",
        "user": {"username": "system:serviceaccount:backgroundjob-system:backgroundjob-operator"},
        "userAgent": "backgroundjob-operator/1.0 (a)",
        "objectRef": {"resource": "jobs", "namespace": "default", "name": "a-1", "apiGroup": "batch"},
        "responseStatus": {"code": 201},
        "requestReceivedTimestamp": NOON,
    }
    return json.dumps(document | changes) + "\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


def test_an_answered_request_becomes_a_value(log: Path) -> None:
    log.write_text(line())
    assert list(audit_events(log)) == [
        AuditEvent(
            verb="create",
            api_group="batch",
            resource="jobs",
            subresource="",
            namespace="default",
            name="a-1",
            user="system:serviceaccount:backgroundjob-system:backgroundjob-operator",
            user_agent="backgroundjob-operator/1.0 (a)",
            code=201,
            request_time=datetime(2026, 1, 1, 12, tzinfo=UTC),
        )
    ]


def test_only_answers_count(log: Path) -> None:
    log.write_text(line(stage="ResponseStarted", verb="watch") + line(stage="Panic") + line(verb="patch"))
    assert [event.verb for event in audit_events(log)] == ["patch"]


def test_requests_before_since_are_left_out_and_those_at_since_are_in(log: Path) -> None:
    log.write_text(line(requestReceivedTimestamp="2026-01-01T11:59:59.999999Z") + line())
    assert len(list(audit_events(log, since=datetime(2026, 1, 1, 12, tzinfo=UTC)))) == 1


def test_a_line_that_is_still_being_written_is_left_for_later(log: Path) -> None:
    log.write_text(line() + line()[:40])
    assert len(list(audit_events(log))) == 1


def test_a_request_about_no_object_has_empty_fields(log: Path) -> None:
    text = json.loads(line())
    del text["objectRef"], text["responseStatus"]
    log.write_text(json.dumps(text) + "\n")
    (event,) = audit_events(log)
    assert (event.resource, event.name, event.code) == ("", "", 0)
