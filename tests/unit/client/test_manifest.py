"""The object that a call asks for."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from backgroundjob.errors import InvalidSpec
from backgroundjob.manifest import JobOptions, backgroundjob_manifest, parse_priority


def spec(**options: Any) -> dict[str, Any]:
    asked = backgroundjob_manifest("EmailJob", "send", None, JobOptions(**options))["spec"]
    return {field: value for field, value in asked.items() if field not in {"class", "method"}}


def test_a_call_without_options_asks_for_class_and_method_alone() -> None:
    assert backgroundjob_manifest("EmailJob", "send") == {
        "apiVersion": "backgroundjob.dev/v1alpha1",
        "kind": "BackgroundJob",
        "metadata": {"generateName": "email-job-send-"},
        "spec": {"class": "EmailJob", "method": "send"},
    }


def test_named_and_positional_parameters_have_their_own_fields() -> None:
    assert backgroundjob_manifest("A", "b", {"to": "x"})["spec"]["params"] == {"to": "x"}
    assert backgroundjob_manifest("A", "b", ["x"])["spec"]["args"] == ["x"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"retries": 0}, {"retry": {"maxAttempts": 1}}),
        ({"retries": 3, "retry_delay": 10}, {"retry": {"maxAttempts": 4, "delaySeconds": 10}}),
        ({"retry_delay": "15m", "backoff": "Fixed"}, {"retry": {"backoff": "Fixed", "delaySeconds": 900}}),
        ({"delay": "1h30m"}, {"delaySeconds": 5400}),
        ({"delay": timedelta(seconds=5)}, {"delaySeconds": 5}),
        ({"delay": 0}, {"delaySeconds": 0}),
        ({"run_at": datetime(2026, 3, 1, 7, 30, tzinfo=UTC)}, {"runAt": "2026-03-01T07:30:00Z"}),
        (
            {"run_at": datetime(2026, 3, 1, 7, 30, 0, 5, tzinfo=timezone(timedelta(hours=1)))},
            {"runAt": "2026-03-01T06:30:00.000005Z"},
        ),
        ({"priority": -1000}, {"priority": -1000}),
        ({"priority": "high"}, {"priority": "high"}),
        ({"queue": "mail"}, {"queue": "mail"}),
        ({"timeout": "5m"}, {"timeoutSeconds": 300}),
    ],
)
def test_an_option_becomes_its_field(options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert spec(**options) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": -1}, "retries is -1; give a whole number from 0 to 99"),
        ({"retries": 100}, "retries is 100"),
        ({"retries": True}, "retries is True"),
        ({"retries": 1.5}, "retries is 1.5"),
        ({"backoff": "Random"}, "backoff is 'Random'; give one of Fixed, Linear, Exponential"),
        ({"delay": "soon"}, "delay is 'soon'; give seconds"),
        ({"delay": "366d"}, "delay is 31622400 s; give 0 to 31536000 s"),
        ({"timeout": 0}, "timeout is 0 s; give 1 to 604800 s"),
        ({"delay": 1, "run_at": datetime(2026, 1, 1, tzinfo=UTC)}, "delay and run_at exclude each other"),
        ({"run_at": datetime(2026, 1, 1)}, "run_at needs a datetime with a time zone"),  # noqa: DTZ001  the point
        ({"run_at": "2026-01-01"}, "run_at needs a datetime with a time zone"),
        ({"priority": 1001}, "priority is 1001; give a number from -1000 to 1000, or a name such as 'high'"),
        ({"priority": "5"}, "priority is '5'"),
        ({"priority": True}, "priority is True"),
        ({"queue": "Mail"}, "queue is 'Mail'; give a DNS label"),
        ({"name": "Mail.1"}, "name is 'Mail.1'; give at most 63"),
        ({"name": "a", "unique": "b"}, "name and unique exclude each other"),
    ],
)
def test_an_option_out_of_bounds_is_refused_with_what_is_accepted(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidSpec, match=re.escape(message)):
        spec(**options)


@pytest.mark.parametrize(
    ("class_", "method", "field"),
    [
        ("", "send", "class"),
        ("Email-Job", "send", "class"),
        ("EmailJob", "__init__", "method"),
        ("A", "a.b", "method"),
    ],
)
def test_a_target_that_no_allow_list_can_hold_is_refused(class_: str, method: str, field: str) -> None:
    with pytest.raises(InvalidSpec, match=f"{field} is "):
        backgroundjob_manifest(class_, method)


def test_a_name_or_a_unique_template_names_the_object() -> None:
    named = backgroundjob_manifest("A", "b", {"id": 7}, JobOptions(name="mine", namespace="shop"))
    assert named["metadata"] == {"name": "mine", "namespace": "shop"}
    unique = backgroundjob_manifest("A", "b", {"id": 7}, JobOptions(unique="invoice-{id}"))
    assert unique["metadata"] == {"name": "invoice-7"}


ENVIRONMENT = {"DEFAULT_RETRY_ATTEMPTS": "4", "DEFAULT_DELAY": "10", "DEFAULT_PRIORITY": "high"}


def test_local_defaults_fill_what_the_call_leaves_out() -> None:
    assert JobOptions().with_defaults_of(ENVIRONMENT) == JobOptions(retries=4, delay="10", priority="high")


def test_local_defaults_never_replace_what_the_call_says() -> None:
    asked = JobOptions(retries=0, delay=0, priority=0)
    assert asked.with_defaults_of(ENVIRONMENT) == asked


def test_a_start_time_keeps_the_default_delay_away() -> None:
    asked = JobOptions(run_at=datetime(2026, 1, 1, tzinfo=UTC), retries=1, priority=1)
    assert asked.with_defaults_of(ENVIRONMENT) == asked


def test_a_default_that_is_no_number_names_its_variable() -> None:
    with pytest.raises(InvalidSpec, match="DEFAULT_RETRY_ATTEMPTS is 'many'"):
        JobOptions().with_defaults_of({"DEFAULT_RETRY_ATTEMPTS": "many"})


@pytest.mark.parametrize(("text", "priority"), [("5", 5), ("-10", -10), ("high", "high"), ("5x", "5x")])
def test_a_priority_written_as_text_is_a_number_where_it_looks_like_one(
    text: str, priority: int | str
) -> None:
    assert parse_priority(text) == priority
