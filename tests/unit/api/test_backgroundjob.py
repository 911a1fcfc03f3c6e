"""The object: parsed, refused by field, written back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backgroundjob.api.backgroundjob import BackgroundJob
from backgroundjob.api.fields import DocumentError
from backgroundjob.api.reasons import Cause, ConditionType, DependencyCondition, Reason, State
from backgroundjob.api.retry import RetrySpec
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob.api.status import BackgroundJobStatus

FULL_SPEC = {
    "class": "jobs.email.EmailJob",
    "method": "send",
    "params": {"to": "a@example.org", "copy": None, "nested": [1, {"a": None}]},
    "args": [None, 1, [2]],
    "paramsFrom": [{"name": "password", "secretKeyRef": {"name": "smtp", "key": "password"}}],
    "priority": "high",
    "queue": "mail",
    "concurrencyKey": "customer-42",
    "delaySeconds": 5,
    "dependsOn": [{"name": "other", "condition": "Finished"}],
    "retry": {"maxAttempts": 5, "backoff": "Linear", "delaySeconds": 1, "retryOn": ["TimeoutError"]},
    "timeoutSeconds": 60,
    "deadlineSeconds": 600,
    "suspend": True,
    "cancel": True,
    "restarts": 2,
    "ttlSecondsAfterFinished": 0,
}
FULL_STATUS = {
    "observedGeneration": 2,
    "state": "Failed",
    "reason": "RetriesExhausted",
    "message": "All 2 attempts failed.",
    "conditions": [
        {
            "type": "Failed",
            "status": "True",
            "reason": "RetriesExhausted",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ],
    "queue": "mail",
    "priority": 100,
    "maxAttempts": 2,
    "attemptCount": 2,
    "attemptSummary": "2/2",
    "disruptionCount": 0,
    "startTime": "2026-01-01T00:00:00Z",
    "jobName": "a-1",
    "attempts": [
        {
            "number": 1,
            "jobName": "a-1",
            "outcome": "Failed",
            "cause": "AppError",
            "charged": True,
            "exitCode": 1,
            "exception": {"type": "ValueError", "message": "no"},
        }
    ],
    "progress": {"percent": 50},
    "result": {"sent": None},
}


def spec(**fields: Any) -> dict[str, Any]:
    return {"class": "EmailJob", "method": "send", **fields}


def document(**fields: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": "mail"}, "spec": spec(**fields)}


def refusal(**fields: Any) -> str:
    with pytest.raises(DocumentError) as caught:
        BackgroundJob.parse(document(**fields))
    return str(caught.value)


def test_a_full_object_reads_and_writes_back_unchanged() -> None:
    whole = {
        "apiVersion": "backgroundjob.dev/v1alpha1",
        "kind": "BackgroundJob",
        "metadata": {"name": "mail", "namespace": "shop", "uid": "u", "labels": {"a": "b"}},
        "spec": FULL_SPEC,
        "status": FULL_STATUS,
    }
    assert BackgroundJob.parse(whole).to_document() == whole


def test_a_minimal_object_writes_nothing_that_nobody_said() -> None:
    # An explicit restarts: 0 in a manifest would be refused once somebody raised it.
    assert BackgroundJobSpec.model_validate(spec()).to_document() == spec()


def test_fields_have_python_names_too() -> None:
    retry = RetrySpec(max_attempts=2, retry_on=("TimeoutError",))
    made = BackgroundJobSpec(class_="EmailJob", method="send", timeout_seconds=5, retry=retry)
    assert made.to_document() == spec(timeoutSeconds=5, retry={"maxAttempts": 2, "retryOn": ["TimeoutError"]})


def test_the_api_takes_no_python_names() -> None:
    assert BackgroundJob.parse(document(timeout_seconds=5)).spec.timeout_seconds is None


def test_models_are_frozen() -> None:
    made = BackgroundJobSpec.model_validate(spec())
    with pytest.raises(ValidationError):
        made.method = "other"  # type: ignore[misc]


def test_a_dependency_waits_for_success_unless_it_says_otherwise() -> None:
    made = BackgroundJob.parse(document(dependsOn=[{"name": "a"}]))
    assert made.spec.depends_on[0].condition is DependencyCondition.SUCCEEDED


def test_fields_of_a_newer_version_are_left_alone() -> None:
    assert BackgroundJob.parse(document(novelty=1)).spec.key == "EmailJob.send"


def test_a_reason_of_a_newer_version_stays_text() -> None:
    status = BackgroundJobStatus.model_validate({"state": "Waiting", "reason": "SomethingNew"})
    assert status.reason == "SomethingNew"
    assert status.state is State.WAITING


def test_known_words_are_enum_members() -> None:
    status = BackgroundJobStatus.model_validate(FULL_STATUS)
    assert status.reason is Reason.RETRIES_EXHAUSTED
    assert status.attempts[0].cause is Cause.APP_ERROR


def test_a_failed_condition_is_terminal() -> None:
    status = BackgroundJobStatus.model_validate(FULL_STATUS)
    assert status.is_terminal
    assert not status.holds(ConditionType.COMPLETE)
    assert not BackgroundJobStatus().is_terminal


def test_a_refusal_names_object_field_and_what_is_accepted_but_no_value() -> None:
    message = refusal(params="s3cr3t", timeoutSeconds="s3cr3t")
    assert "BackgroundJob shop/mail" in message
    assert "spec.timeoutSeconds: Input should be a valid integer" in message
    assert "s3cr3t" not in message


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a boolean for a number": ({"timeoutSeconds": True}, "spec.timeoutSeconds"),
    "no attempt": ({"retry": {"maxAttempts": 0}}, "spec.retry.maxAttempts"),
    "an empty plan": ({"retry": {"delays": []}}, "spec.retry.delays"),
    "a plan and a formula": (
        {"retry": {"delays": [1], "backoff": "Fixed"}},
        "spec.retry: delays replaces backoff",
    ),
    "a first delay above the longest": (
        {"retry": {"delaySeconds": 2, "maxDelaySeconds": 1}},
        "spec.retry: delaySeconds cannot exceed maxDelaySeconds",
    ),
    "delay and time": ({"delaySeconds": 0, "runAt": "2030-01-01T00:00:00Z"}, "not both"),
    "a deadline before the start": ({"delaySeconds": 60, "deadlineSeconds": 60}, "larger than delaySeconds"),
    "a dunder class": ({"class": "a.__class__"}, "spec.class"),
    "a class with a newline": ({"class": "EmailJob\n"}, "spec.class"),
    "a private method": ({"method": "_x"}, "spec.method"),
    "a priority out of range": ({"priority": 1001}, "spec.priority: must be an integer from -1000"),
    "a priority in quotes": ({"priority": "5"}, "write numbers without quotes"),
    "a boolean priority": ({"priority": True}, "spec.priority"),
    "a time as a number": ({"runAt": 1893456000}, "spec.runAt: must be a time in RFC 3339"),
    "a year before computers": ({"runAt": "0001-01-01T00:00:00Z"}, "spec.runAt"),
    "a time without a zone": ({"runAt": "2030-01-01T00:00:00"}, "spec.runAt"),
    "the 31st of February": ({"runAt": "2030-02-31T00:00:00Z"}, "spec.runAt"),
}


@pytest.mark.parametrize(("fields", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_field_is_refused_by_its_path(fields: dict[str, Any], expected: str) -> None:
    assert expected in refusal(**fields)


def test_run_at_keeps_its_microseconds_and_moves_to_utc() -> None:
    made = BackgroundJob.parse(document(runAt="2030-01-01T05:30:00.5+05:30")).spec
    assert made.run_at == datetime(2030, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    assert made.to_document()["runAt"] == "2030-01-01T00:00:00.500000Z"


@given(st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1)), st.integers(-19 * 60, 19 * 60))  # noqa: DTZ001  the offset comes after
def test_a_time_in_the_status_reads_back_equal(naive: datetime, offset_minutes: int) -> None:
    time = naive.replace(tzinfo=UTC) + timedelta(minutes=offset_minutes)
    status = BackgroundJobStatus(start_time=time)
    assert BackgroundJobStatus.model_validate(status.to_document()) == status
