"""Reading what a Pod left in its termination message.

The Pod's owner can write anything there, log text and runtime errors land there too, and long messages
lose their head: nothing read here raises, and only a document that names this attempt counts.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from backgroundjob_runner.contract import ExceptionDigest, FailureKind, ProtocolError, Receipt, ReceiptOutcome

RESULT_DEPTH_LIMIT: Final = 32
"""Levels of a result that reach the status. Deeper ones break the JSON parsers of everybody who lists."""
PROBLEM_LIMIT_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """What a termination message holds: a receipt of this attempt, or the reason why there is none."""

    receipt: Receipt | None = None
    problem: str = "there is no termination message"

    @property
    def final(self) -> Receipt | None:
        """The receipt, if it decides the attempt."""
        return self.receipt if self.receipt is not None and self.receipt.is_final else None


def read_receipt(message: str, *, uid: str, number: int) -> Reading:
    """The receipt of attempt `number` of the BackgroundJob `uid`. Never raises."""
    if not message:
        return Reading()
    if not message.lstrip().startswith("{"):
        return Reading(problem="the termination message is not a receipt")
    try:
        receipt = Receipt.from_json(message)
    except ProtocolError as error:
        return Reading(problem=_printable(str(error)[:PROBLEM_LIMIT_CHARACTERS]))
    if _is_unaddressed_refusal(receipt):
        return Reading(receipt=_cleaned(receipt), problem="")
    if receipt.uid != uid:
        return Reading(problem="the receipt names the uid of another object")
    if receipt.attempt != number:
        return Reading(problem=f"the receipt names attempt {receipt.attempt}, and this is attempt {number}")
    return Reading(receipt=_cleaned(receipt), problem="")


def _is_unaddressed_refusal(receipt: Receipt) -> bool:
    # A runner that cannot read its invocation does not know whom to name; a retry would not help it.
    return (
        receipt.outcome is ReceiptOutcome.FAILED
        and receipt.failure is FailureKind.BAD_INVOCATION
        and not receipt.uid
    )


def _cleaned(receipt: Receipt) -> Receipt:
    """The receipt with nothing in it that a status write would choke on."""
    storable = _is_storable(receipt.result)
    return Receipt(
        protocol=receipt.protocol,
        uid=receipt.uid,
        attempt=receipt.attempt,
        outcome=receipt.outcome,
        failure=receipt.failure,
        result=receipt.result if storable else None,
        result_omitted=receipt.result_omitted or not storable,
        exception=None if receipt.exception is None else _cleaned_digest(receipt.exception),
        retry_after_seconds=receipt.retry_after_seconds,
    )


def _cleaned_digest(digest: ExceptionDigest) -> ExceptionDigest:
    return ExceptionDigest(
        type=_printable(digest.type) or "Exception",
        ancestors=tuple(_printable(name) for name in digest.ancestors),
        message=_encodable(digest.message),
        traceback=_encodable(digest.traceback),
    )


def _is_storable(result: Any) -> bool:
    """Whether strict JSON of a modest depth can say it: no NaN, no lone surrogate, no nesting bomb."""
    level = [result]
    for _ in range(RESULT_DEPTH_LIMIT + 1):
        level = [child for value in level for child in _children(value)]
    if level:
        return False
    try:
        json.dumps(result, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:  # NaN, or a lone surrogate
        return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in _encodable(text))
