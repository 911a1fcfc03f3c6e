"""Submitting from Python, and following what was submitted."""

import re

import pytest

from backgroundjob import (
    Handle,
    InvalidSpec,
    JobFailed,
    NameConflict,
    NotFound,
    StillRunning,
    run_background_job,
)
from backgroundjob.api.reasons import Reason, State
from backgroundjob.testing import InMemoryBackend


class LocalLike(InMemoryBackend):
    name = "local"


def test_a_submission_returns_a_handle_that_knows_its_object(jobs: InMemoryBackend) -> None:
    handle = run_background_job("EmailJob", "send", {"to": "a@example.org"}, retries=3, delay="10m")
    assert re.fullmatch(r"email-job-send-\w{5}", handle.name)
    assert (handle.namespace, handle.state, handle.attempts, handle.done) == ("default", "", 0, False)
    assert handle.document["spec"]["retry"] == {"maxAttempts": 4}
    assert jobs.calls() == [("EmailJob.send", {"to": "a@example.org"})]


def test_positional_parameters_are_sent_in_order(jobs: InMemoryBackend) -> None:
    run_background_job("ExampleJob", "handle", ["param1", "param2"])
    assert jobs.calls() == [("ExampleJob.handle", ["param1", "param2"])]


def test_the_same_submission_twice_starts_two_jobs_without_a_name(jobs: InMemoryBackend) -> None:
    first, second = (run_background_job("EmailJob", "send") for _ in range(2))
    assert first.uid != second.uid


def test_the_same_name_and_spec_returns_the_first_job(jobs: InMemoryBackend) -> None:
    first, second = (
        run_background_job("Invoice", "create", {"id": 7}, unique="invoice-{id}") for _ in range(2)
    )
    assert first == second
    assert len(jobs.calls()) == 1


def test_the_same_name_with_another_spec_is_a_conflict(jobs: InMemoryBackend) -> None:
    run_background_job("Invoice", "create", {"id": 7}, name="mine")
    with pytest.raises(NameConflict, match=r"params\.id: another value"):
        run_background_job("Invoice", "create", {"id": 8}, name="mine")


def test_environment_defaults_apply_in_local_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_RETRY_ATTEMPTS", "2")
    handle = run_background_job("EmailJob", "send", backend=LocalLike())
    assert handle.document["spec"]["retry"] == {"maxAttempts": 3}


def test_environment_defaults_apply_nowhere_else(
    jobs: InMemoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFAULT_RETRY_ATTEMPTS", "2")
    assert "retry" not in run_background_job("EmailJob", "send").document["spec"]


def test_a_result_comes_as_the_method_returned_it(jobs: InMemoryBackend) -> None:
    handle = run_background_job("EmailJob", "send")
    jobs.succeed(handle.name, {"id": 1})
    finished = handle.wait(timeout="5s")
    assert (finished.state, finished.reason, finished.result) == (
        State.SUCCEEDED,
        Reason.COMPLETED,
        {"id": 1},
    )
    assert not handle.done, "a handle is a snapshot"


def test_a_failed_job_raises_its_exception_digest(jobs: InMemoryBackend) -> None:
    handle = run_background_job("EmailJob", "send")
    jobs.fail(handle.name, exception=ValueError("no such address"))
    with pytest.raises(JobFailed) as caught:
        _ = handle.wait().result
    failure = caught.value
    assert (failure.reason, failure.exception_type, failure.exception_message) == (
        Reason.RETRIES_EXHAUSTED,
        "ValueError",
        "no such address",
    )


@pytest.mark.parametrize("state", [State.CANCELLED, State.REJECTED])
def test_a_cancelled_or_rejected_job_has_no_result_either(jobs: InMemoryBackend, state: State) -> None:
    handle = run_background_job("EmailJob", "send")
    jobs.fail(handle.name, state=state, message="because")
    with pytest.raises(JobFailed, match=f"{state} .*: because"):
        _ = handle.refresh().result


def test_a_result_before_the_end_says_so(jobs: InMemoryBackend) -> None:
    with pytest.raises(StillRunning, match="not seen by the operator and has no result yet"):
        _ = run_background_job("EmailJob", "send").result


def test_waiting_too_short_says_where_the_job_stands(jobs: InMemoryBackend) -> None:
    with pytest.raises(StillRunning, match=r"is still not seen by the operator after 0\.5 s; it goes on"):
        run_background_job("EmailJob", "send").wait(timeout=0.5)


def test_a_wait_timeout_that_is_no_duration_is_refused(jobs: InMemoryBackend) -> None:
    with pytest.raises(InvalidSpec, match="timeout is 'soon'"):
        run_background_job("EmailJob", "send").wait(timeout="soon")


def test_a_handle_is_found_again_by_name(jobs: InMemoryBackend) -> None:
    handle = run_background_job("EmailJob", "send", name="mine")
    assert Handle.get("mine") == handle
    with pytest.raises(NotFound, match="BackgroundJob default/other not found"):
        Handle.get("other")


def test_a_later_object_of_the_same_name_is_not_this_job(jobs: InMemoryBackend) -> None:
    handle = run_background_job("EmailJob", "send", name="mine")
    handle.delete()
    run_background_job("EmailJob", "send", name="mine")
    with pytest.raises(NotFound):
        handle.refresh()
    with pytest.raises(NotFound):
        handle.delete()
    assert len(jobs.list(None)) == 1


def test_a_restart_that_the_operator_has_not_seen_is_not_finished(jobs: InMemoryBackend) -> None:
    handle = run_background_job("EmailJob", "send")
    jobs.fail(handle.name)
    document = handle.refresh().document
    document["spec"]["restarts"] = 1
    assert not Handle.of(jobs, document).done


def test_logs_are_of_the_newest_attempt_unless_one_is_named(jobs: InMemoryBackend) -> None:
    handle = run_background_job("EmailJob", "send")
    jobs.add_log(handle.name, "one", attempt=1)
    jobs.add_log(handle.name, "two", attempt=2)
    assert (list(handle.logs()), list(handle.logs(attempt=1))) == (["two"], ["one"])
