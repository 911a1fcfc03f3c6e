"""A receipt fits and parses, whatever user code put into it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backgroundjob_runner.contract import (
    RECEIPT_LIMIT_BYTES,
    ExceptionDigest,
    ExitCode,
    FailureKind,
    Receipt,
    ReceiptOutcome,
)
from backgroundjob_runner.digest import digest
from backgroundjob_runner.receipts import exit_code, fit, plain_json
from backgroundjob_runner.redaction import Redactor

# Surrogates too: a name of a file that is not UTF-8 brings them into a message.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=5000)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    max_leaves=10,
)


def failed(exception: ExceptionDigest) -> Receipt:
    return Receipt(
        uid="uid",
        attempt=1,
        outcome=ReceiptOutcome.FAILED,
        failure=FailureKind.APP_ERROR,
        exception=exception,
    )


def round_trip(receipt: Receipt) -> Receipt:
    text = fit(receipt).to_json()
    assert text.isascii()
    assert len(text) <= RECEIPT_LIMIT_BYTES
    return Receipt.from_json(text)


@given(message=ANY_TEXT, name=ANY_TEXT)
def test_any_exception_gives_a_receipt_that_fits(message: str, name: str) -> None:
    kind = type("Odd", (ValueError,), {"__qualname__": name, "__module__": "job"})
    try:
        raise kind(message)
    except ValueError as error:
        parsed = round_trip(failed(digest(error, Redactor())))
    assert parsed.exception is not None
    assert parsed.exception.ancestors[-1] == "Exception"


@given(message=ANY_TEXT, traceback=ANY_TEXT, names=st.lists(ANY_TEXT, max_size=40))
def test_any_digest_gives_a_receipt_that_fits(message: str, traceback: str, names: list[str]) -> None:
    exception = ExceptionDigest(
        type=message[:253], ancestors=tuple(names), message=message, traceback=traceback
    )
    assert round_trip(failed(exception)).failure is FailureKind.APP_ERROR


@given(value=JSON)
def test_any_result_is_kept_whole_or_left_out(value: object) -> None:
    try:
        result = plain_json(value, Redactor())
    except ValueError:  # NaN and infinity
        return
    parsed = round_trip(Receipt(uid="uid", attempt=1, outcome=ReceiptOutcome.SUCCEEDED, result=result))
    assert parsed.result_omitted or json.dumps(parsed.result) == json.dumps(result)


def test_a_long_traceback_keeps_its_end_and_a_long_message_its_start() -> None:
    exception = ExceptionDigest(type="E", message="é" * 1000 + "!", traceback="?" + "ü" * 2000 + "the end")
    parsed = round_trip(failed(exception)).exception
    assert parsed is not None
    assert parsed.message.startswith("éééé")
    assert parsed.message.endswith("...")
    assert parsed.traceback.startswith("...")
    assert parsed.traceback.endswith("the end")


def test_a_short_message_leaves_its_room_to_the_traceback() -> None:
    parsed = round_trip(failed(ExceptionDigest(type="E", message="short", traceback="\x00" * 2000))).exception
    assert parsed is not None
    assert parsed.message == "short"
    assert len(parsed.traceback) > 600  # 6 bytes a character, of 4,000


def test_a_deep_class_hierarchy_keeps_the_nearest_names_and_exception() -> None:
    kind: type[Exception] = ValueError
    for number in range(30):
        kind = type(f"E{number}", (kind,), {"__module__": "job"})
    names = digest(kind(), Redactor()).ancestors
    assert (names[0], names[-1], len(names)) == ("job.E29", "Exception", 8)


@pytest.mark.parametrize(
    ("outcome", "failure", "code"),
    [
        (ReceiptOutcome.SUCCEEDED, None, ExitCode.SUCCEEDED),
        (ReceiptOutcome.FAILED, FailureKind.APP_ERROR, ExitCode.FAILED),
        (ReceiptOutcome.FAILED, FailureKind.FATAL, ExitCode.FAILED),
        (ReceiptOutcome.FAILED, FailureKind.NOT_LOADABLE, ExitCode.NOT_LOADABLE),
        (ReceiptOutcome.FAILED, FailureKind.BAD_INVOCATION, ExitCode.BAD_INVOCATION),
        (ReceiptOutcome.RETRY_LATER, None, ExitCode.RETRY_LATER),
        (ReceiptOutcome.TIMEOUT, None, ExitCode.TIMEOUT),
        (ReceiptOutcome.TERMINATED, None, ExitCode.TERMINATED),
    ],
)
def test_each_end_has_its_exit_code(
    outcome: ReceiptOutcome, failure: FailureKind | None, code: ExitCode
) -> None:
    assert exit_code(Receipt(uid="uid", attempt=1, outcome=outcome, failure=failure)) == code
