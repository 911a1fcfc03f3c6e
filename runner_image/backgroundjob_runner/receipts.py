"""Making a receipt fit, and writing it."""

from __future__ import annotations

import json
import os

from backgroundjob_runner.contract import (
    RECEIPT_LIMIT_BYTES,
    ExceptionDigest,
    ExitCode,
    FailureKind,
    Receipt,
    ReceiptOutcome,
)
from backgroundjob_runner.digest import shorten_end, shorten_start

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from backgroundjob_runner.redaction import Redactor

_EXIT_CODES = {
    ReceiptOutcome.SUCCEEDED: ExitCode.SUCCEEDED,
    ReceiptOutcome.RETRY_LATER: ExitCode.RETRY_LATER,
    ReceiptOutcome.TIMEOUT: ExitCode.TIMEOUT,
    ReceiptOutcome.TERMINATED: ExitCode.TERMINATED,
}
_FAILURE_EXIT_CODES = {
    FailureKind.NOT_LOADABLE: ExitCode.NOT_LOADABLE,
    FailureKind.BAD_INVOCATION: ExitCode.BAD_INVOCATION,
}


def exit_code(receipt: Receipt) -> ExitCode:
    """The code for people and shells that goes with a receipt."""
    if receipt.failure is not None:
        return _FAILURE_EXIT_CODES.get(receipt.failure, ExitCode.FAILED)
    return _EXIT_CODES.get(receipt.outcome, ExitCode.FAILED)


def plain_json(value: Any, redactor: Redactor) -> Any:
    """The value as JSON data without secrets. Raises whatever a value that is not JSON makes json raise."""
    return redactor.json(json.loads(json.dumps(value, allow_nan=False)))


def fit(receipt: Receipt) -> Receipt:
    """The receipt under the limit: the result goes first, then the exception's texts are cut."""
    if _size(receipt) <= RECEIPT_LIMIT_BYTES:
        return receipt
    if receipt.result is not None:
        return fit(receipt.replace(result=None, result_omitted=True))
    if receipt.exception is None:
        return receipt
    exception = receipt.exception
    bare = receipt.replace(exception=exception.replace(message="", traceback=""))
    room = RECEIPT_LIMIT_BYTES - _size(bare)
    if room < 0:
        return fit(receipt.replace(exception=_with_short_names(exception)))
    message_room = max(room // 2, room - _cost(exception.traceback))
    message = _shrink(exception.message, message_room, shorten_end)
    traceback = _shrink(exception.traceback, room - _cost(message), shorten_start)
    return receipt.replace(exception=exception.replace(message=message, traceback=traceback))


def write(path: str, receipt: Receipt) -> None:
    """Put the receipt in the place of whatever the file holds. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o644)
    data = receipt.to_json().encode("ascii")
    while data:
        data = data[os.write(descriptor, data) :]
    os.close(descriptor)


def _with_short_names(exception: ExceptionDigest) -> ExceptionDigest:
    """Names can be anything, and cost up to 12 bytes a character: keep what 1,500 bytes hold."""
    ancestors = tuple(_shrink(name, 180, shorten_end) for name in exception.ancestors[:8])
    return exception.replace(type=_shrink(exception.type, 180, shorten_end), ancestors=ancestors)


def _size(receipt: Receipt) -> int:
    return len(receipt.to_json())


def _cost(text: str) -> int:
    return len(json.dumps(text)) - 2


def _shrink(text: str, room: int, shorten: Callable[[str, int], str]) -> str:
    """The longest shortened text that costs at most `room` bytes inside JSON."""
    if _cost(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _cost(shorten(text, middle)) <= room else (low, middle - 1)
    return shorten(text, low)
