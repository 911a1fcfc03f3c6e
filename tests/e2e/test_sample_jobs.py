"""The examples, from `kubectl apply` to their ends, as the API server tells them."""

import json
from datetime import datetime

import pytest

from backgroundjob.api import labels
from e2e_product import ROOT, Namespace, background_job
from tests.cluster.errors import ClusterError


@pytest.fixture(scope="module", autouse=True)
def examples(module_namespace: Namespace) -> Namespace:
    """Every file of examples/yaml, applied."""
    module_namespace.kubectl("apply", "-f", str(ROOT / "examples/yaml"))
    return module_namespace


def test_the_email_succeeds_with_a_result(examples: Namespace) -> None:
    status = examples.wait("email", "Succeeded")
    assert status["result"] == {"to": "ada@example.org", "subject": "Welcome"}
    assert status["attemptSummary"] == "1/3"


def test_the_invoice_succeeds_at_attempt_two_with_one_job_per_attempt(examples: Namespace) -> None:
    status = examples.wait("invoice", "Succeeded")
    assert [(one["number"], one["outcome"]) for one in status["attempts"]] == [
        (1, "Failed"),
        (2, "Succeeded"),
    ]
    numbers = [job["metadata"]["labels"][labels.ATTEMPT_LABEL] for job in examples.jobs("invoice")]
    assert numbers == ["1", "2"]


def test_the_failing_one_ends_after_three_charged_attempts_with_its_exception(examples: Namespace) -> None:
    status = examples.wait("failing", "Failed")
    assert (status["reason"], status["attemptCount"]) == ("RetriesExhausted", 3)
    assert [one["charged"] for one in status["attempts"]] == [True] * 3
    last = status["attempts"][-1]["exception"]
    assert (last["type"], last["message"]) == ("jobs.failing.BrokenOrderError", "order 17 has no customer")
    assert "in run" in last["traceback"]
    assert len(examples.jobs("failing")) == 3


def test_the_delayed_one_starts_ten_seconds_after_its_creation(examples: Namespace) -> None:
    status = examples.wait("delayed", "Succeeded")
    created = examples.get("delayed")["metadata"]["creationTimestamp"]
    assert seconds_between(created, status["startTime"]) >= 10


def test_positional_arguments_reach_the_parameters_in_order(examples: Namespace) -> None:
    assert examples.wait("positional", "Succeeded")["result"] == {
        "to": "grace@example.org",
        "subject": "Hello",
    }


def test_kubectl_wait_returns(examples: Namespace) -> None:
    examples.kubectl("wait", "--for=condition=Complete", "bgjob/email", "--timeout=60s")
    examples.kubectl("wait", "--for=condition=Failed", "bgjob/failing", "--timeout=60s")


def test_kubectl_get_prints_the_columns(examples: Namespace) -> None:
    examples.wait("email", "Succeeded")
    header, *rows = examples.kubectl("get", "bgjob").splitlines()
    assert header.split() == ["NAME", "CLASS", "METHOD", "STATE", "ATTEMPTS", "PRIORITY", "NEXT-RETRY", "AGE"]
    email = next(row for row in rows if row.startswith("email"))
    assert email.split()[:6] == ["email", "EmailJob", "send", "Succeeded", "1/3", "0"]


def test_describe_tells_the_story_of_the_failing_one(examples: Namespace) -> None:
    examples.wait("failing", "Failed")
    story = examples.kubectl("describe", "bgjob", "failing").partition("Events:")[2]
    for note in (
        "attempt 1 ended: AppError",
        "attempt 3 ended: AppError",
        "no further attempt after attempt 3",
    ):
        assert note in story
    assert "order 17" not in story  # the exception's text may hold a parameter


def test_the_log_of_a_finished_attempt_can_be_read(examples: Namespace) -> None:
    examples.wait("email", "Succeeded")
    log = examples.kubectl("logs", "-l", f"{labels.NAME_LABEL}=email", "--tail=-1")
    assert "ATTEMPT 1 of 3 EmailJob.send" in log
    assert "SUCCEEDED" in log


def test_a_disallowed_method_is_refused_by_kubectl_apply_with_the_nearest(examples: Namespace) -> None:
    with pytest.raises(ClusterError, match=r"EmailJob.sned is not in the allow-list; allowed: EmailJob.send"):
        examples.kubectl("create", "-f", "-", stdin=json.dumps(background_job("typo", "EmailJob", "sned")))
    assert examples.jobs("typo") == []


def test_deleting_an_object_deletes_its_jobs_and_pods(examples: Namespace) -> None:
    examples.apply("short-lived", "HostileJob", "sleep", params={"seconds": 300})
    examples.wait("short-lived", "Running")
    examples.kubectl("delete", "bgjob", "short-lived", "--timeout=30s")
    examples.kubectl("wait", "--for=delete", "pod", "-l", f"{labels.NAME_LABEL}=short-lived", "--timeout=60s")
    assert examples.jobs("short-lived") == []


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
