"""From an exception or a stuck frame to texts that fit a receipt. Nothing here may raise."""

from __future__ import annotations

import os
import sys

from backgroundjob_runner.contract import (
    MESSAGE_LIMIT_CHARACTERS,
    TRACEBACK_LIMIT_CHARACTERS,
    ExceptionDigest,
)

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Final

    from backgroundjob_runner.redaction import Redactor

LAST_FRAMES: Final = 20
LONGEST_TEXT: Final = 1_000_000
"""Longer messages are cut before they are redacted, far behind what a receipt or a reader keeps."""
_NAME_LIMIT: Final = 253
_ANCESTORS_LIMIT: Final = 8
_OWN_FOLDER: Final = os.path.dirname(__file__)  # noqa: PTH120  pathlib costs 5 ms


class RunnerError(Exception):
    """An error whose message says it all: where in the runner it was raised is of no interest."""


def safe_text(error: BaseException) -> str:
    """The exception's message, also when its `__str__` raises."""
    try:
        if isinstance(error, SystemExit):
            return f"sys.exit({error.code!r}) was called; a job ends by returning or raising"
        return str(error)[:LONGEST_TEXT]
    except BaseException as second:  # noqa: BLE001  user code runs here, and there is nobody above
        return f"<no message: __str__ raised {type(second).__name__}>"


def qualified_name(kind: type) -> str:
    """`smtplib.SMTPException`; builtins without a module."""
    module, name = str(kind.__module__), str(kind.__qualname__)
    return (name if module == "builtins" else f"{module}.{name}")[:_NAME_LIMIT]


def digest(error: BaseException, redactor: Redactor) -> ExceptionDigest:
    """The exception for the receipt: redacted, and cut to the protocol's limits."""
    kinds = [kind for kind in type(error).__mro__ if kind not in (object, BaseException, RunnerError)]
    names = [redactor.text(qualified_name(kind)) for kind in kinds]
    # Exception must stay in a shortened list: `failOn: [Exception]` means all.
    if len(names) > _ANCESTORS_LIMIT:
        names = [*names[: _ANCESTORS_LIMIT - 1], names[-1]]
    return ExceptionDigest(
        type=names[0] if names else "BaseException",
        ancestors=tuple(names),
        message=shorten_end(redactor.text(safe_text(error)), MESSAGE_LIMIT_CHARACTERS),
        traceback=shorten_start(redactor.text(format_error(error, LAST_FRAMES)), TRACEBACK_LIMIT_CHARACTERS),
    )


def timeout_digest(message: str, stack: str, redactor: Redactor) -> ExceptionDigest:
    """A timeout as if TimeoutError had been raised, so that retryOn and failOn can name it."""
    return ExceptionDigest(
        type="TimeoutError",
        ancestors=("TimeoutError", "OSError", "Exception"),
        message=message,
        traceback=shorten_start(redactor.text(stack), TRACEBACK_LIMIT_CHARACTERS),
    )


def format_error(error: BaseException, last_frames: int | None = None) -> str:
    """The traceback as Python prints it, from the first frame that is not the runner's own.

    Of an error that the runner itself made, only what user code caused it with.
    """
    try:
        import traceback  # noqa: PLC0415  only failures pay for it

        start = error.__traceback__
        if isinstance(error, RunnerError):
            if error.__cause__ is None:
                return ""
            error, start = error.__cause__, None
        limit = None if last_frames is None else -last_frames
        frames = _user_part(error.__traceback__) or start
        lines = traceback.format_exception(type(error), error, frames, limit=limit)
        return "".join(lines)[-LONGEST_TEXT:]
    except BaseException as second:  # noqa: BLE001  user code runs here too: __str__, __repr__, __cause__
        return f"<no traceback: formatting it raised {type(second).__name__}>"


def main_thread_stack(identifier: int) -> str:
    """Where the main thread is now: its last frames, oldest first, from where the runner called user code."""
    try:
        import traceback  # noqa: PLC0415  only timeouts pay for it

        stack = traceback.extract_stack(sys._current_frames()[identifier])  # noqa: SLF001  its documented use
        own = [index for index, frame in enumerate(stack) if _is_own(frame.filename)]
        first = next((index for index in own if index + 1 not in own), -1) + 1
        return "".join(traceback.format_list(stack[first:][-LAST_FRAMES:]))
    except Exception as error:  # noqa: BLE001  a timeout is reported with or without a stack
        return f"<no stack: {type(error).__name__}>"


def shorten_end(text: str, limit: int) -> str:
    """The head of a text: a message says first what it is about."""
    return text if len(text) <= limit else text[: max(0, limit - 3)] + "..."[:limit]


def shorten_start(text: str, limit: int) -> str:
    """The tail of a text: a traceback says last what happened."""
    return text if len(text) <= limit else "..."[:limit] + text[len(text) - max(0, limit - 3) :]


def _user_part(traceback: TracebackType | None) -> TracebackType | None:
    found = traceback
    while found is not None and _is_machinery(found.tb_frame):
        found = found.tb_next
    return found


def _is_machinery(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__", ""))
    return _is_own(frame.f_code.co_filename) or module == "asyncio" or module.startswith("asyncio.")


def _is_own(filename: str) -> bool:
    return filename.startswith(_OWN_FOLDER)
