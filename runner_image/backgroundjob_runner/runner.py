"""The start of the process: read the invocation and run the attempt that it describes."""

from __future__ import annotations

import faulthandler
import json
import sys

from backgroundjob_runner import contract
from backgroundjob_runner.attempt import Attempt
from backgroundjob_runner.contract import (
    MESSAGE_LIMIT_CHARACTERS,
    ExceptionDigest,
    FailureKind,
    Invocation,
    ProtocolError,
    Receipt,
    ReceiptOutcome,
)
from backgroundjob_runner.digest import shorten_end

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the attempt that the invocation file describes."""
    _prepare_process()
    path = contract.place(contract.INVOCATION_PATH_VARIABLE, contract.INVOCATION_PATH)
    text = b""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  pathlib costs 5 ms
            text = file.read()
        attempt = Attempt(Invocation.from_json(text))
    except OSError as error:
        attempt = _refused(
            text, ProtocolError(f"the invocation file {path} cannot be read: {error.strerror}")
        )
    except ProtocolError as error:
        attempt = _refused(text, error)
    attempt.run()


def _refused(text: bytes, error: ProtocolError) -> Attempt:
    """An attempt that ends before it begins. It is named as far as the invocation can be read."""
    uid, attempt = "", 0
    try:
        document = json.loads(text)
        uid, attempt = str(document["uid"])[:64], int(document["attempt"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        pass
    invocation = Invocation(
        uid=uid,
        namespace="unknown",
        name="unknown",
        attempt=attempt,
        max_attempts=attempt,
        class_name="unknown",
        method="unknown",
        target="",
    )
    receipt = Receipt(
        uid=uid,
        attempt=attempt,
        outcome=ReceiptOutcome.FAILED,
        failure=FailureKind.BAD_INVOCATION,
        exception=ExceptionDigest(
            type="ProtocolError", message=shorten_end(str(error), MESSAGE_LIMIT_CHARACTERS)
        ),
    )
    return Attempt(invocation, receipt)


def _prepare_process() -> None:
    for stream in (sys.stdout, sys.stderr):
        # Lines appear when they are printed, in order with the runner's own, and no character fails.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    try:
        faulthandler.enable(file=2)  # a crash in native code leaves its stack in the log
    except (OSError, RuntimeError, ValueError):
        return
