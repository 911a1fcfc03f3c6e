"""What every backend must do alike, as tests; a folder that provides the fixture `place` collects them.

The jobs are those of examples/jobs/typed.py.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from backgroundjob import (
    BackgroundJobError,
    Handle,
    JobCancelled,
    JobFailed,
    JobRejected,
    NameConflict,
    NotAllowed,
    NotFound,
    NotPossible,
    Secret,
    StillRunning,
    run_background_job,
)
from backgroundjob.backends import Backend
from backgroundjob.catalogue import entries
from examples.jobs.typed import TypedJob

WAIT_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Place:
    """A backend under test, empty of jobs that matter."""

    backend: Backend
    put_secret: Callable[[str, str, str], None]
    """Store a value under a Secret's name and key."""


def allowed() -> dict[str, str]:
    """What the code asks for, as text; and one method by its dotted path, as an administrator may add it."""
    typed = {
        key: {**entry, "target": entry["target"].removeprefix("examples.")}
        for key, entry in entries(["examples.jobs.typed"]).items()
    }
    found = {**typed, "jobs.typed.TypedJob.add": {"params": typed["Typed.add"]["params"]}}
    return {key: yaml.safe_dump(entry, sort_keys=False) for key, entry in found.items()}


def ended(handle: Handle[Any]) -> Handle[Any]:
    return handle.wait(WAIT_SECONDS)


def ledger(handle: Handle[Any]) -> list[dict[str, Any]]:
    attempts: list[dict[str, Any]] = handle.document["status"]["attempts"]
    return attempts


def test_a_result_is_what_the_method_returned(place: Place) -> None:
    handle = ended(TypedJob.add.later(2, other=3))
    assert (handle.result, handle.state, handle.reason, handle.attempts) == (5, "Succeeded", "Completed", 1)


def test_defaults_are_the_methods_own(place: Place) -> None:
    assert ended(TypedJob.add.later(2)).result == 3


def test_an_async_method_runs_to_its_end(place: Place) -> None:
    assert ended(TypedJob.add_async.later([1, 2, 3])).result == 6


VALUES = [None, True, 0, -7, 2**53, 1.5, "", "ä ☃ 𝄞 \n\t\\", [], [1, [2, [3]]], {"a": {"b": [None, False]}}]


def test_values_come_back_as_they_were_sent(place: Place) -> None:
    found = ended(TypedJob.echo.later(VALUES)).result
    assert [(value, type(value)) for value in found] == [(value, type(value)) for value in VALUES]


def test_positional_parameters_by_name_are_bound_to_the_methods_names(place: Place) -> None:
    assert ended(run_background_job("Typed", "add", [2, 3])).result == 5


def test_a_dotted_path_names_the_class_too(place: Place) -> None:
    assert ended(run_background_job("jobs.typed.TypedJob", "add", {"one": 2})).result == 3


def test_a_job_that_fails_is_tried_again(place: Place) -> None:
    handle = ended(TypedJob.flaky.later(failures=1))
    assert (handle.result, handle.attempts) == ([2, 3, 2], 2)
    first, second = ledger(handle)
    assert (first["outcome"], first["cause"], first["charged"]) == ("Failed", "AppError", True)
    assert first["exception"]["type"] == "ConnectionError"
    assert second["outcome"] == "Succeeded"


def test_a_job_that_always_fails_says_how(place: Place) -> None:
    handle = ended(TypedJob.flaky.later(failures=9))
    with pytest.raises(JobFailed) as caught:
        _ = handle.result
    error = caught.value
    assert (error.reason, error.attempts) == ("RetriesExhausted", 3)
    assert (error.exception_type, error.exception_message) == ("ConnectionError", "attempt 3 found nobody")
    assert "in flaky" in error.traceback


@pytest.mark.parametrize("method", [TypedJob.give_up, TypedJob.look_up], ids=lambda one: one.name)
def test_what_a_retry_cannot_mend_is_not_tried_again(place: Place, method: Any) -> None:
    with pytest.raises(JobFailed) as caught:
        _ = ended(method.later()).result
    assert (caught.value.reason, caught.value.attempts) == ("NotRetryable", 1)


def test_code_may_ask_for_the_next_attempt(place: Place) -> None:
    handle = ended(TypedJob.later.later())
    assert (handle.result, ledger(handle)[0]["cause"]) == (2, "RetryLater")


def test_retries_of_one_call_go_before_those_of_the_decorator(place: Place) -> None:
    with pytest.raises(JobFailed) as caught:
        _ = ended(TypedJob.flaky.using(retries=0).later(failures=1)).result
    assert caught.value.attempts == 1


def test_an_attempt_that_takes_too_long_is_a_timeout(place: Place) -> None:
    handle = ended(TypedJob.overrun.later())
    assert (handle.state, ledger(handle)[0]["cause"]) == ("Failed", "Timeout")


def test_a_result_that_is_too_large_is_left_out_and_the_job_succeeds(place: Place) -> None:
    handle = ended(TypedJob.fill.later(10_000))
    assert (handle.state, handle.result) == ("Succeeded", None)


def test_parameters_that_break_the_schema_are_rejected_before_anything_runs(place: Place) -> None:
    handle = ended(run_background_job("Typed", "add", {"one": "two"}))
    with pytest.raises(JobRejected, match=r"InvalidParams.*params\.one"):
        _ = handle.result
    assert not handle.document["status"].get("attempts")


def test_a_method_that_nobody_allowed_never_runs(place: Place) -> None:
    with pytest.raises((NotAllowed, JobRejected), match=r"Typed\.ad[^d]"):
        _ = ended(run_background_job("Typed", "ad", {"one": 2})).result


def test_a_secret_reaches_the_method_and_nothing_else(place: Place) -> None:
    place.put_secret("typed", "token", "k4nn-niemand-raten")
    handle = ended(TypedJob.length.later("ada"))
    assert handle.result == {"name": "ada", "length": 18}
    assert "k4nn" not in "\n".join(handle.logs()) + repr(handle.document)


def test_the_caller_may_name_another_secret(place: Place) -> None:
    place.put_secret("other", "key", "12345678")
    assert ended(TypedJob.length.later("ada", token=Secret.ref("other/key"))).result["length"] == 8


def test_a_job_knows_itself(place: Place) -> None:
    handle = ended(TypedJob.whoami.later())
    assert handle.result == {
        "name": handle.name,
        "namespace": handle.namespace,
        "uid": handle.uid,
        "left": True,
    }


def test_a_suspended_job_waits_until_it_is_resumed(place: Place) -> None:
    handle = TypedJob.add.using(suspend=True).later(2)
    with pytest.raises(StillRunning):
        handle.wait(0.2)
    assert ended(handle.resume()).result == 3


def test_a_cancelled_job_never_starts(place: Place) -> None:
    handle = ended(TypedJob.add.using(suspend=True).later(2).cancel())
    with pytest.raises(JobCancelled, match="CancelRequested"):
        _ = handle.result
    with pytest.raises(NotPossible, match="is Cancelled"):
        handle.cancel()


def test_a_restart_goes_on_counting_so_the_fencing_token_only_grows(place: Place) -> None:
    handle = ended(TypedJob.flaky.using(retries=1).later(failures=2))
    assert handle.state == "Failed"
    again = ended(handle.retry())
    assert again.result == [3, 2, 3]
    assert [attempt["number"] for attempt in ledger(again)] == [1, 2, 3]


def test_a_dependency_goes_first(place: Place) -> None:
    first = TypedJob.add.using(suspend=True).later(2)
    second = TypedJob.add.using(depends_on=[first]).later(3)
    first.resume()
    ended(second)
    assert (
        ended(first).document["status"]["completionTime"] <= second.refresh().document["status"]["startTime"]
    )


def test_a_dependency_that_failed_takes_its_dependents_with_it(place: Place) -> None:
    first = TypedJob.give_up.later()
    with pytest.raises(JobFailed, match="DependencyFailed"):
        _ = ended(TypedJob.add.using(depends_on=[first.name]).later(3)).result


def test_a_name_means_one_job(place: Place) -> None:
    name = f"one-{time.time_ns()}"
    first = TypedJob.add.using(name=name).later(2)
    assert TypedJob.add.using(name=name).later(2).uid == first.uid
    with pytest.raises(NameConflict, match=r"params\.one: another value"):
        TypedJob.add.using(name=name).later(3)


def test_many_jobs_have_their_results_in_order(place: Place) -> None:
    assert TypedJob.add.many((number, 0) for number in range(3)).wait(WAIT_SECONDS).results == [0, 1, 2]


def test_priority_and_queue_are_told(place: Place) -> None:
    handle = ended(TypedJob.add.using(priority="high", queue="mail").later(1))
    status = handle.document["status"]
    assert (status["priority"], status["queue"], status["attemptSummary"]) == (100, "mail", "1/3")


def test_a_handle_is_found_by_name_and_gone_after_its_deletion(place: Place) -> None:
    handle = ended(TypedJob.add.later(2))
    assert Handle.get(handle.name).result == 3
    assert handle.uid in {document["metadata"]["uid"] for document in place.backend.list(handle.namespace)}
    handle.delete()
    with pytest.raises(NotFound):
        handle.wait(5)


def test_the_last_event_is_the_end(place: Place) -> None:
    *_, last = TypedJob.add.later(2).events(WAIT_SECONDS)
    assert last.result == 3


def test_the_log_has_the_jobs_own_lines(place: Place) -> None:
    handle = ended(TypedJob.flaky.later(failures=1))
    assert any("attempt 1" in line and "LOG" in line for line in handle.logs(attempt=1))
    errors = "\n".join(handle.logs(attempt=1, errors=True))
    assert "ConnectionError: attempt 1 found nobody" in errors


async def test_the_same_can_be_awaited(place: Place) -> None:
    handle = await TypedJob.add.aio.later(2)
    assert await handle.aio.result(timeout=WAIT_SECONDS) == 3


def test_errors_are_the_librarys_own(place: Place) -> None:
    with pytest.raises(BackgroundJobError, match="nobody"):
        Handle.get("nobody")
    with pytest.raises(BackgroundJobError, match="nobody"):
        place.backend.delete("default", "nobody")
