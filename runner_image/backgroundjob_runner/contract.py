"""The protocol between the operator and the runner: the invocation, the receipt, the exit codes.

The single definition of both. The operator writes an `Invocation` into a pod annotation, which the
kubelet mounts as a file; the runner answers with a `Receipt` in the termination message, written
once, last. Both carry `PROTOCOL_VERSION`. Standard library only, and light: user code pays for it.
"""

from __future__ import annotations

import json
import os

from backgroundjob_runner.documents import (
    PROTOCOL_VERSION,
    SUPPORTED_PROTOCOL_VERSIONS,
    ProtocolError,
    field,
    names,
    parse,
)
from backgroundjob_runner.outcomes import FINAL_RECEIPT_OUTCOMES, ExitCode, FailureKind, ReceiptOutcome
from backgroundjob_runner.values import Value

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

__all__ = [
    "FINAL_RECEIPT_OUTCOMES",
    "PROTOCOL_VERSION",
    "SUPPORTED_PROTOCOL_VERSIONS",
    "ExceptionDigest",
    "ExitCode",
    "FailureKind",
    "Fatal",
    "Invocation",
    "ProtocolError",
    "Receipt",
    "ReceiptOutcome",
    "RetryLater",
]


RECEIPT_LIMIT_BYTES: Final = 4000
"""The kubelet keeps the last 4,096 bytes of a termination message and cuts the head."""

MESSAGE_LIMIT_CHARACTERS: Final = 1024
TRACEBACK_LIMIT_CHARACTERS: Final = 2048

INVOCATION_PATH: Final = "/etc/backgroundjob/invocation.json"
RECEIPT_PATH: Final = "/dev/termination-log"
SECRET_PARAMS_PATH: Final = "/etc/backgroundjob-params"  # noqa: S105  a directory, not a secret
INVOCATION_PATH_VARIABLE: Final = "BACKGROUNDJOB_INVOCATION"
RECEIPT_PATH_VARIABLE: Final = "BACKGROUNDJOB_RECEIPT"
SECRET_PARAMS_PATH_VARIABLE: Final = "BACKGROUNDJOB_SECRET_PARAMS"  # noqa: S105  a directory
LOG_FORMAT_VARIABLE: Final = "BACKGROUNDJOB_LOG_FORMAT"


def place(variable: str, mounted_path: str) -> str:
    """Where a file of this attempt lies: where the kubelet mounts it, or where the variable says.

    In a pod no variable counts: envFrom of a profile may name a ConfigMap that a user writes.
    """
    if os.path.exists(INVOCATION_PATH):  # noqa: PTH110  pathlib costs 5 ms
        return mounted_path
    return os.environ.get(variable, mounted_path)


class RetryLater(Exception):
    """Raise it to be tried again after `delay_seconds`. The attempt counts."""

    def __init__(self, delay_seconds: int, message: str = "") -> None:
        super().__init__(message or f"try again in {delay_seconds} s")
        self.delay_seconds = delay_seconds


class Fatal(Exception):
    """Raise it to end the job without a further attempt."""


class Invocation(Value):
    """One attempt, as the runner is told of it."""

    uid: str
    namespace: str
    name: str
    attempt: int
    """From 1, restarts and disruptions included. It only grows, so it is the fencing token too."""
    max_attempts: int
    class_name: str
    method: str
    target: str
    """`module:Class.method` in the runner image."""
    params: Mapping[str, Any] = {}
    secret_params: tuple[str, ...] = ()
    """Names of parameters whose values lie as files in the secret params directory."""
    timeout_seconds: int = 3600
    grace_period_seconds: int = 30
    loggable: tuple[str, ...] = ()
    """Names of the parameters that may appear in log lines."""
    protocol: int = PROTOCOL_VERSION

    def to_json(self) -> str:
        """The document for the annotation: compact, ASCII."""
        document = {
            "protocol": self.protocol,
            "uid": self.uid,
            "namespace": self.namespace,
            "name": self.name,
            "attempt": self.attempt,
            "maxAttempts": self.max_attempts,
            "class": self.class_name,
            "method": self.method,
            "target": self.target,
            "params": dict(self.params),
            "secretParams": list(self.secret_params),
            "timeoutSeconds": self.timeout_seconds,
            "gracePeriodSeconds": self.grace_period_seconds,
            "loggable": list(self.loggable),
        }
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Invocation:
        """Parse an invocation. Raises ProtocolError; unknown keys are left alone (a newer operator)."""
        document = parse(text, "invocation")
        return cls(
            protocol=document["protocol"],
            uid=field(document, "uid", str),
            namespace=field(document, "namespace", str),
            name=field(document, "name", str),
            attempt=field(document, "attempt", int),
            max_attempts=field(document, "maxAttempts", int),
            class_name=field(document, "class", str),
            method=field(document, "method", str),
            target=field(document, "target", str),
            params=field(document, "params", dict, {}),
            secret_params=names(document, "secretParams"),
            timeout_seconds=field(document, "timeoutSeconds", int, 3600),
            grace_period_seconds=field(document, "gracePeriodSeconds", int, 30),
            loggable=names(document, "loggable"),
        )


class ExceptionDigest(Value):
    """An exception as the status shows it. Texts are redacted and cut by the runner."""

    type: str
    """Qualified name, such as `smtplib.SMTPServerDisconnected`; builtins without a module."""
    ancestors: tuple[str, ...] = ()
    """Qualified names of the class and its bases up to `Exception`: what retryOn and failOn match."""
    message: str = ""
    traceback: str = ""

    def to_document(self) -> dict[str, Any]:
        """The digest as JSON-ready mapping."""
        return {
            "type": self.type,
            "ancestors": list(self.ancestors),
            "message": self.message,
            "traceback": self.traceback,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ExceptionDigest:
        """Parse leniently: the pod's owner can write anything here."""
        return cls(
            type=str(document.get("type", ""))[:253],
            ancestors=tuple(str(name)[:253] for name in list(document.get("ancestors") or ())[:32]),
            message=str(document.get("message", ""))[:MESSAGE_LIMIT_CHARACTERS],
            traceback=str(document.get("traceback", ""))[:TRACEBACK_LIMIT_CHARACTERS],
        )


class Receipt(Value):
    """The runner's answer: what it knows of the end of one attempt."""

    uid: str
    attempt: int
    outcome: ReceiptOutcome
    failure: FailureKind | None = None
    result: Any = None
    result_omitted: bool = False
    """True when the result was not JSON or did not fit; `result` is then None."""
    exception: ExceptionDigest | None = None
    retry_after_seconds: int | None = None
    protocol: int = PROTOCOL_VERSION

    @property
    def is_final(self) -> bool:
        """Whether this receipt decides the attempt."""
        return self.outcome in FINAL_RECEIPT_OUTCOMES

    def to_json(self) -> str:
        """The document for the termination message: compact, ASCII. The caller keeps it under the limit."""
        document: dict[str, Any] = {
            "protocol": self.protocol,
            "uid": self.uid,
            "attempt": self.attempt,
            "outcome": self.outcome,
        }
        if self.failure is not None:
            document["failure"] = self.failure
        if self.result is not None:
            document["result"] = self.result
        if self.result_omitted:
            document["resultOmitted"] = True
        if self.exception is not None:
            document["exception"] = self.exception.to_document()
        if self.retry_after_seconds is not None:
            document["retryAfterSeconds"] = self.retry_after_seconds
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Receipt:
        """Parse a receipt. Raises ProtocolError for anything that is not one."""
        document = parse(text, "receipt")
        exception = document.get("exception")
        try:
            return cls(
                protocol=document["protocol"],
                uid=str(document["uid"]),
                attempt=int(document["attempt"]),
                outcome=ReceiptOutcome(document["outcome"]),
                failure=FailureKind(document["failure"]) if "failure" in document else None,
                result=document.get("result"),
                result_omitted=bool(document.get("resultOmitted", False)),
                exception=ExceptionDigest.from_document(exception) if isinstance(exception, dict) else None,
                retry_after_seconds=_seconds(document.get("retryAfterSeconds")),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ProtocolError(f"the receipt lacks or mistypes a field: {error!r}") from error


def _seconds(value: object) -> int | None:
    return None if value is None else max(0, min(int(str(value)), 31_536_000))
