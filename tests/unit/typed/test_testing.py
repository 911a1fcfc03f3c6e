"""What users test with: recorded submissions, handles in any state, fixtures that cost nothing."""

import smtplib
import subprocess
import sys
from typing import Any
from unittest.mock import ANY

import pytest

from backgroundjob import JobCancelled, JobClass, JobFailed, StillRunning, job, run_background_job
from backgroundjob.api.reasons import Reason, State
from backgroundjob.testing import InMemoryBackend, failed, running, succeeded


class MailJob(JobClass):
    """Sends mail."""

    @job(priority="high")
    def send(self, to: str, subject: str = "Hello") -> None:
        """Send one."""

    @job(retry_delay="1m")
    def deliver(self, to: str) -> None:
        """Bring one."""


def test_what_was_enqueued_is_found_by_method_and_parameters(bgjob_fake: InMemoryBackend) -> None:
    MailJob.send.using(delay="10m").later("a@example.org", subject="Hi")
    handle = bgjob_fake.assert_enqueued(MailJob.send, to="a@example.org", subject=ANY)
    assert handle.document["spec"]["delaySeconds"] == 600
    bgjob_fake.assert_enqueued("MailJob.send")
    bgjob_fake.assert_not_enqueued(MailJob.send, to="b@example.org")
    bgjob_fake.assert_not_enqueued("MailJob.sent")


def test_options_are_asked_for_as_they_are_given(bgjob_fake: InMemoryBackend) -> None:
    MailJob.send.using(delay="10m").later("a")
    bgjob_fake.assert_enqueued(MailJob.send.using(delay=600), to="a")
    bgjob_fake.assert_not_enqueued(MailJob.send.using(delay="11m"), to="a")


def test_an_option_of_retry_is_found_beside_those_of_the_decorator(bgjob_fake: InMemoryBackend) -> None:
    MailJob.deliver.using(retries=2).later("a")
    bgjob_fake.assert_enqueued(MailJob.deliver.using(retries=2))
    bgjob_fake.assert_not_enqueued(MailJob.deliver.using(retries=3))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"name": "mine"}, {"name": "other"}),
        ({"unique": "mail-{to}"}, {"unique": "letter-{to}"}),
        ({"concurrency_key": "{to}:{subject}"}, {"concurrency_key": "{to}"}),
        ({"namespace": "shop"}, {"namespace": "default"}),
    ],
)
def test_names_and_templates_are_asked_for_as_they_are_given(
    bgjob_fake: InMemoryBackend, right: Any, wrong: Any
) -> None:
    MailJob.send.using(**right).later("a")
    bgjob_fake.assert_enqueued(MailJob.send.using(**right), to="a")
    bgjob_fake.assert_not_enqueued(MailJob.send.using(**wrong), to="a")


def test_positional_parameters_by_name_are_found_by_their_number(bgjob_fake: InMemoryBackend) -> None:
    run_background_job("ExampleJob", "handle", ["param1", "param2"])
    bgjob_fake.assert_enqueued("ExampleJob.handle", **{"0": "param1", "1": "param2"})


def test_a_failed_assertion_lists_what_was_enqueued(bgjob_fake: InMemoryBackend) -> None:
    bgjob_fake.assert_nothing_enqueued()
    MailJob.send.later("a")
    MailJob.send.later("a")
    with pytest.raises(AssertionError) as caught:
        bgjob_fake.assert_enqueued(MailJob.send.using(queue="mail"), to="b")
    assert str(caught.value) == (
        "MailJob.send with {'to': 'b'} and {'queue': 'mail'} was not enqueued; enqueued were:"
        "\n  MailJob.send {'to': 'a'} {'priority': 'high'}"
        "\n  MailJob.send {'to': 'a'} {'priority': 'high'}"
    )
    with pytest.raises(AssertionError, match="was enqueued 2 times"):
        bgjob_fake.assert_enqueued(MailJob.send, to="a")
    with pytest.raises(AssertionError, match="2 jobs were enqueued"):
        bgjob_fake.assert_nothing_enqueued()
    assert len(bgjob_fake.enqueued(MailJob.send)) == 2


def test_handles_come_in_any_state() -> None:
    assert succeeded({"sent": 1}).result == {"sent": 1}
    with pytest.raises(JobFailed, match="ValueError: no") as caught:
        _ = failed(ValueError("no")).result
    assert caught.value.reason == Reason.RETRIES_EXHAUSTED
    assert failed(smtplib.SMTPException()).failure().exception_type == "smtplib.SMTPException"
    with pytest.raises(JobCancelled):
        _ = failed(state=State.CANCELLED, reason=Reason.CANCEL_REQUESTED).result
    with pytest.raises(StillRunning, match="still Running"):
        _ = running().result


def test_a_started_job_can_be_ended() -> None:
    handle = running(job="InvoiceJob.create", params={"number": 7})
    assert isinstance(handle.backend, InMemoryBackend)
    handle.backend.succeed(handle.name, 7)
    assert handle.wait().result == 7


def test_the_plugin_costs_nothing_until_a_test_asks() -> None:
    script = (
        "import pytest, sys; before = set(sys.modules); import backgroundjob.pytest_plugin;"
        "print(sorted(name for name in set(sys.modules) - before))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.strip() == "['backgroundjob', 'backgroundjob.pytest_plugin']"


def test_the_fixtures_are_there_without_a_conftest(pytester: Any) -> None:
    pytester.makepyfile(
        "from backgroundjob import run_background_job\n"
        "def test_signup(bgjob_fake):\n"
        "    run_background_job('EmailJob', 'send', {'to': 'a'})\n"
        "    bgjob_fake.assert_enqueued('EmailJob.send', to='a')\n"
    )
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)
