"""What a receipt decides, and what is no receipt."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attempts import UID, after, ended, failed_receipt, job, pod, receipt, undecided, verdict
from backgroundjob.api.reasons import Cause, Outcome
from backgroundjob_operator.engine.outcome import Undecided, Verdict
from backgroundjob_operator.engine.receipts import RESULT_DEPTH_LIMIT, read_receipt
from backgroundjob_runner.contract import FailureKind, ReceiptOutcome


def test_a_final_receipt_decides_before_the_job_has_said_anything() -> None:
    given = verdict(job(), pod(ended(0, message=receipt(result={"sent": 3})), phase="Running"))
    assert (given.outcome, given.cause, given.charged) == (Outcome.SUCCEEDED, None, False)
    assert given.result == {"sent": 3}
    assert given.finish_time == after(10)
    assert given.process_ended


def test_a_success_receipt_outranks_exit_code_deadline_and_deletion_and_is_reported() -> None:
    given = verdict(
        job("Failed", "DeadlineExceeded"), pod(ended(137, message=receipt()), deletion_time=after(5))
    )
    assert given.outcome is Outcome.SUCCEEDED
    assert given.anomaly == "the receipt says Succeeded and the process ended with exit code 137"


def test_a_succeeded_pod_under_an_exceeded_deadline_is_reported() -> None:
    given = verdict(job("Failed", "DeadlineExceeded"), pod(ended(0, message=receipt())))
    assert given.anomaly == "the Pod succeeded and its Job says DeadlineExceeded"


@pytest.mark.parametrize(
    ("message", "cause", "retryable"),
    [
        pytest.param(failed_receipt(), Cause.APP_ERROR, True, id="exception"),
        pytest.param(failed_receipt(FailureKind.FATAL), Cause.APP_ERROR, False, id="Fatal"),
        pytest.param(failed_receipt(FailureKind.NOT_LOADABLE), Cause.NOT_LOADABLE, False, id="not loadable"),
        pytest.param(failed_receipt(FailureKind.BAD_INVOCATION), Cause.NOT_LOADABLE, False, id="unreadable"),
        pytest.param(receipt(ReceiptOutcome.TIMEOUT), Cause.TIMEOUT, True, id="timeout"),
        pytest.param(receipt(ReceiptOutcome.RETRY_LATER), Cause.RETRY_LATER, True, id="retry later"),
    ],
)
def test_a_failure_receipt_is_charged_to_its_cause(message: str, cause: Cause, retryable: bool) -> None:
    given = verdict(job(), pod(ended(1, message=message)))
    assert (given.outcome, given.cause, given.charged) == (Outcome.FAILED, cause, True)
    assert given.retryable is retryable


def test_retry_later_carries_its_delay() -> None:
    message = receipt(ReceiptOutcome.RETRY_LATER, retry_after_seconds=90)
    assert verdict(job(), pod(ended(75, message=message))).retry_after_seconds == 90


def test_the_exception_is_kept_and_its_text_stays_out_of_the_sentence() -> None:
    given = verdict(job(), pod(ended(1, message=failed_receipt(error="shop.NoStock"))))
    assert given.exception is not None
    assert given.exception.message == "secret"
    assert given.message == "the method raised shop.NoStock"


def test_a_runner_that_cannot_read_its_invocation_need_not_name_it() -> None:
    message = receipt(ReceiptOutcome.FAILED, uid="", attempt=0, failure=FailureKind.BAD_INVOCATION)
    assert verdict(job(), pod(ended(66, message=message))).cause is Cause.NOT_LOADABLE


@pytest.mark.parametrize(
    ("message", "says"),
    [
        pytest.param("", "there is no termination message", id="empty"),
        pytest.param("Traceback (most recent call last):", "is not a receipt", id="log text"),
        pytest.param(receipt(uid="other"), "names the uid of another object", id="other object"),
        pytest.param(receipt(attempt=2), "names attempt 2, and this is attempt 1", id="other attempt"),
        pytest.param(receipt(protocol=9), "protocol version 9; this side reads 1 to 1", id="newer protocol"),
        pytest.param('{"protocol":1}', "lacks or mistypes a field", id="not complete"),
        pytest.param('m-0511","item-0512"]}', "is not a receipt", id="head cut off"),
        pytest.param('{"protocol":1,"uid":"u', "is not JSON", id="tail cut off"),
    ],
)
def test_what_is_no_receipt_is_said_in_the_sentence(message: str, says: str) -> None:
    given = verdict(job("Complete", "CompletionsReached"), pod(ended(0, message=message)))
    assert given.cause is Cause.NO_RECEIPT
    assert says in given.message


def test_a_terminated_receipt_decides_nothing() -> None:
    stopped = pod(ended(143, message=receipt(ReceiptOutcome.TERMINATED)), deletion_time=after(5))
    assert undecided(job(), stopped).stopping
    assert verdict(job("Failed"), stopped).cause is Cause.POD_DELETED
    assert verdict(job("Failed", "DeadlineExceeded"), stopped).cause is Cause.TIMEOUT
    assert verdict(job("Failed"), stopped, cancel_requested=True).outcome is Outcome.CANCELLED


def test_a_success_that_beat_the_cancellation_stays_a_success() -> None:
    given = verdict(job("Failed"), pod(ended(0, message=receipt())), cancel_requested=True)
    assert given.outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    "result",
    [
        pytest.param("[" * (RESULT_DEPTH_LIMIT + 2) + "]" * (RESULT_DEPTH_LIMIT + 2), id="nested too deep"),
        pytest.param("NaN", id="not a number"),
        pytest.param('"\\ud800"', id="half a character"),
    ],
)
def test_a_result_that_no_status_can_hold_is_left_out(result: str) -> None:
    message = json.dumps({"protocol": 1, "uid": UID, "attempt": 1, "outcome": "Succeeded"})
    given = verdict(job(), pod(ended(0, message=f'{message[:-1]}, "result": {result}}}')))
    assert given.outcome is Outcome.SUCCEEDED
    assert given.result is None
    assert given.result_omitted


def test_a_result_at_the_depth_limit_is_kept() -> None:
    deepest: Any = 1
    for _ in range(RESULT_DEPTH_LIMIT):
        deepest = [deepest]
    assert verdict(job(), pod(ended(0, message=receipt(result=deepest)))).result == deepest


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=8,
)
_RECEIPTS = st.fixed_dictionaries(
    {"protocol": st.just(1) | _JSON, "uid": st.just(UID) | _JSON, "attempt": st.just(1) | _JSON},
    optional={
        "outcome": st.sampled_from([*ReceiptOutcome]) | _JSON,
        "failure": st.sampled_from([*FailureKind]) | _JSON,
        "result": _JSON,
        "resultOmitted": _JSON,
        "retryAfterSeconds": _JSON,
        "exception": _JSON | st.dictionaries(st.sampled_from(["type", "ancestors", "message"]), _JSON),
    },
)


@settings(deadline=None)
@given(st.text(max_size=200) | _JSON.map(json.dumps) | _RECEIPTS.map(json.dumps), st.integers(-1, 256))
def test_no_termination_message_can_stop_the_classifier(message: str, exit_code: int) -> None:
    given = verdict(job("Failed"), pod(ended(exit_code, message=message)))
    assert isinstance(given, Verdict)
    assert given.message.isprintable()
    json.dumps(given.result, allow_nan=False, ensure_ascii=False).encode()


@settings(deadline=None)
@given(st.integers(1, 100_000))
def test_brackets_without_end_are_no_receipt(depth: int) -> None:
    assert read_receipt('{"a":' + "[" * depth, uid=UID, number=1).receipt is None


def test_without_any_receipt_a_running_attempt_is_undecided() -> None:
    assert undecided(job(), pod()) == Undecided(started=True, message="Pod attempt-1 runs on node1")
