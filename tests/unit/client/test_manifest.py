"""The object that a call asks for."""

import re
from datetime import UTC, datetime, timedelta, timezone
from smtplib import SMTPAuthenticationError
from typing import Any

import pytest

from backgroundjob import run_background_job
from backgroundjob.api.backgroundjob import BackgroundJob
from backgroundjob.errors import InvalidParams, InvalidSpec
from backgroundjob.job_options import JobOptions, parse_priority
from backgroundjob.manifest import backgroundjob_manifest
from backgroundjob.testing import InMemoryBackend, use_backend
from backgroundjob_runner.digest import qualified_name

RETRY_ON = {"retry": {"retryOn": ["TimeoutError", "smtplib.SMTPException"]}}
DEPENDS_ON = {"dependsOn": [{"name": "extract"}, {"name": "clean", "condition": "Finished"}]}


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
        ({"deadline": "2h"}, {"deadlineSeconds": 7200}),
        ({"ttl": 0}, {"ttlSecondsAfterFinished": 0}),
        ({"suspend": True}, {"suspend": True}),
        ({"suspend": False}, {}),
        ({"concurrency_key": "customer-42"}, {"concurrencyKey": "customer-42"}),
        ({"retry_on": (TimeoutError, "smtplib.SMTPException")}, RETRY_ON),
        ({"fail_on": [SMTPAuthenticationError]}, {"retry": {"failOn": ["smtplib.SMTPAuthenticationError"]}}),
        ({"fail_on": "KeyError"}, {"retry": {"failOn": ["KeyError"]}}),
        ({"depends_on": ["extract", "clean:Finished"]}, DEPENDS_ON),
        ({"depends_on": []}, {}),
        (
            {"params_from": {"token": "mail.keys/api_token"}},
            {"paramsFrom": [{"name": "token", "secretKeyRef": {"name": "mail.keys", "key": "api_token"}}]},
        ),
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
        ({"deadline": 0}, "deadline is 0 s; give 1 to 31536000 s"),
        ({"deadline": "1m", "delay": "1m"}, "deadline counts from now and must be longer than delay"),
        ({"ttl": "1y"}, "ttl is '1y'; give seconds"),
        ({"concurrency_key": "two words"}, "concurrency_key is 'two words'; give 1 to 128 printable"),
        ({"retry_on": ["not a name"]}, "retry_on has 'not a name'; give a class, or its name"),
        ({"fail_on": [f"E{n}" for n in range(33)]}, "fail_on has 33 entries; at most 32 are accepted"),
        ({"depends_on": ["extract:Failed"]}, "depends_on has 'extract:Failed'; give the name of a job"),
        ({"depends_on": ["extract", "extract:Finished"]}, "depends_on names extract twice"),
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


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"token": "mail"}, "params_from.token is 'mail'; give the Secret and its key"),
        ({"token": "Mail/key"}, "params_from.token is 'Mail/key'"),
        ({"a-b": "mail/key"}, "params_from key 'a-b' is not an identifier"),
        ({"to": "mail/key"}, "params.to is in params_from too"),
    ],
)
def test_a_parameter_from_a_secret_names_secret_and_key(source: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidParams, match=re.escape(message)):
        backgroundjob_manifest("EmailJob", "send", {"to": "a"}, JobOptions(params_from=source))


def test_a_job_may_depend_on_a_handle() -> None:
    with use_backend(InMemoryBackend()):
        first = run_background_job("Load", "extract", name="extract")
        second = run_background_job("Load", "clean", depends_on=[first])
    assert second.document["spec"]["dependsOn"] == [{"name": "extract"}]


def test_an_exception_is_named_as_the_runner_reports_it() -> None:
    for kind in (KeyError, SMTPAuthenticationError, InvalidSpec):
        assert spec(retry_on=[kind])["retry"]["retryOn"] == [qualified_name(kind)]


def test_every_new_field_is_one_the_model_accepts() -> None:
    options = JobOptions(
        name="all",
        retry_on=[KeyError],
        fail_on=[OSError],
        depends_on=["a"],
        concurrency_key="k",
        deadline=60,
        ttl=60,
        params_from={"token": "mail/key"},
        suspend=True,
    )
    document = backgroundjob_manifest("EmailJob", "send", None, options)
    document["metadata"] |= {"namespace": "shop", "uid": "u1"}
    parsed = BackgroundJob.parse(document)
    assert parsed.spec.to_document() == document["spec"] | {
        "dependsOn": [{"name": "a", "condition": "Succeeded"}]
    }
