"""The closed lists of the protocol: how an attempt ended, why it failed, the exit codes."""

from __future__ import annotations

from enum import IntEnum, StrEnum

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from typing import Final


class ReceiptOutcome(StrEnum):
    """What the runner knows of the end. All but `TERMINATED` are final."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    RETRY_LATER = "RetryLater"
    TIMEOUT = "Timeout"
    TERMINATED = "Terminated"
    """SIGTERM came. The runner cannot know why, so this decides nothing; it proves a witnessed end."""


FINAL_RECEIPT_OUTCOMES: Final = frozenset(ReceiptOutcome) - {ReceiptOutcome.TERMINATED}


class FailureKind(StrEnum):
    """Why a `Failed` receipt failed."""

    APP_ERROR = "AppError"
    """The method raised."""
    FATAL = "Fatal"
    """The method raised `Fatal`: a retry would fail again."""
    NOT_LOADABLE = "NotLoadable"
    """The module, class or method cannot be imported or called with these parameters."""
    BAD_INVOCATION = "BadInvocation"
    """The invocation is unreadable or of a protocol version that this runner does not speak."""


class ExitCode(IntEnum):
    """Exit codes of the runner. The receipt is what decides; the code is for people and shells."""

    SUCCEEDED = 0
    FAILED = 1
    NOT_LOADABLE = 65
    BAD_INVOCATION = 66
    RETRY_LATER = 75
    TIMEOUT = 124
    TERMINATED = 143
