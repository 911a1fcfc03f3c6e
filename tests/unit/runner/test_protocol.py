"""The invocation and the receipt as documents, and the values that carry them."""

import copy
import json
import pickle

import pytest

from backgroundjob_runner.contract import (
    ExceptionDigest,
    FailureKind,
    Invocation,
    ProtocolError,
    Receipt,
    ReceiptOutcome,
)
from runner_process import invocation

RECEIPT = Receipt(uid="uid-1", attempt=2, outcome=ReceiptOutcome.SUCCEEDED, result={"sent": 1})


def test_an_invocation_survives_the_wire() -> None:
    sent = invocation(params={"to": "ä"}, secret_params=("token",), loggable=("to",), timeout_seconds=5)
    assert sent.to_json().isascii()
    assert Invocation.from_json(sent.to_json()) == sent


def test_a_newer_operators_extra_fields_are_left_alone() -> None:
    document = {**json.loads(invocation().to_json()), "colour": "blue"}
    assert Invocation.from_json(json.dumps(document)) == invocation()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("attempt", "1"),
        ("attempt", True),
        ("params", []),
        ("secretParams", ["../x"]),
        ("secretParams", "token"),
    ],
)
def test_a_mistyped_field_of_an_invocation_is_named(field: str, value: object) -> None:
    document = {**json.loads(invocation().to_json()), field: value}
    with pytest.raises(ProtocolError, match=field):
        Invocation.from_json(json.dumps(document))


def test_a_receipt_survives_the_wire() -> None:
    exception = ExceptionDigest(
        type="OSError", ancestors=("OSError", "Exception"), message="m", traceback="t"
    )
    failed = Receipt(
        uid="uid-1",
        attempt=2,
        outcome=ReceiptOutcome.FAILED,
        failure=FailureKind.FATAL,
        exception=exception,
        retry_after_seconds=5,
    )
    for receipt in (RECEIPT, failed, RECEIPT.replace(result=None, result_omitted=True)):
        assert Receipt.from_json(receipt.to_json()) == receipt


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"{}",
        b"Traceback (most recent call last):",
        b'{"protocol":1}',
        b'{"protocol":1,"uid":"u","attempt":1e999,"outcome":"Succeeded"}',
        b'{"protocol":1,"uid":"u","attempt":1,"outcome":"Excellent"}',
        b'{"protocol":1,"uid":"u","attempt":1,"outcome":"Failed","failure":"Mine"}',
        b'{"protocol":1,"uid":"u","attempt":1,"outcome":"Failed","exception":{"ancestors":5}}',
        b'{"protocol":1,"uid":"u","attempt":1,"outcome":["Failed"]}',
        b"[" * 100_000,
    ],
)
def test_garbage_is_no_receipt(text: bytes) -> None:
    with pytest.raises(ProtocolError):
        Receipt.from_json(text)


def test_values_are_equal_by_their_fields_and_never_change() -> None:
    assert RECEIPT.replace() == RECEIPT
    assert RECEIPT.replace(attempt=3) != RECEIPT
    assert RECEIPT != "a receipt"
    assert hash(ExceptionDigest(type="E")) == hash(ExceptionDigest(type="E"))
    assert (
        repr(ExceptionDigest(type="E")) == "ExceptionDigest(type='E', ancestors=(), message='', traceback='')"
    )
    with pytest.raises(AttributeError, match=r"use replace\(attempt=...\)"):
        RECEIPT.attempt = 3  # type: ignore[misc] # what is tested
    with pytest.raises(AttributeError, match="attempt stays"):
        del RECEIPT.attempt
    assert copy.deepcopy(RECEIPT) == pickle.loads(pickle.dumps(RECEIPT)) == RECEIPT  # noqa: S301  our own bytes


def test_a_value_names_its_unknown_and_missing_fields() -> None:
    with pytest.raises(TypeError, match=r"unknown fields \['colour'\], missing fields \['type'\]"):
        ExceptionDigest(colour="blue")  # type: ignore[call-arg] # what is tested
