"""Errors carry data, say the next step, and survive a process border."""

import pickle

import pytest

from backgroundjob import errors
from backgroundjob.errors import (
    AccessDenied,
    BackendUnavailable,
    BackgroundJobError,
    BatchIncomplete,
    Conflict,
    Difference,
    InvalidJob,
    InvalidParams,
    InvalidSpec,
    JobCancelled,
    JobFailed,
    JobRejected,
    LogsUnavailable,
    NameConflict,
    NotAllowed,
    NotCommitted,
    NotFound,
    NotInstalled,
    NotPossible,
    StillRunning,
    SubmitError,
)

EXAMPLES = [
    (BackgroundJobError(), "the background job library failed"),
    (SubmitError(), "the background job library failed"),
    (InvalidParams("params.x", "is too long"), "params.x is too long"),
    (InvalidSpec("", "runAt may be at most 365 days ahead"), "runAt may be at most 365 days ahead"),
    (NotAllowed("A.b", "A.b is not in the allow-list"), "A.b is not in the allow-list"),
    (NotAllowed("A.b", "no permission"), "A.b: no permission"),
    (
        NameConflict("shop", "mine", (Difference("queue", "a", None),)),
        "shop/mine exists and differs: queue: asked 'a', exists nothing",
    ),
    (NotFound("shop", "mine"), "BackgroundJob shop/mine not found"),
    (NotFound("", "shop", "Namespace"), "Namespace shop not found"),
    (
        BatchIncomplete((), 3, "backend 'cluster' is unavailable"),
        "0 of 3 jobs were submitted: backend 'cluster' is unavailable",
    ),
    (StillRunning("shop", "mine", "Running"), "shop/mine is still Running and has no result yet"),
    (
        InvalidJob("jobs:EmailJob.send", "parameter to has no type hint"),
        "jobs:EmailJob.send: parameter to has no type hint",
    ),
    (
        NotCommitted("EmailJob.send"),
        "EmailJob.send is not submitted: its transaction has not committed, or sending it failed",
    ),
    (
        JobCancelled(namespace="shop", name="mine", state="Cancelled", reason="CancelRequested"),
        "shop/mine Cancelled (CancelRequested)",
    ),
    (
        JobRejected(namespace="shop", name="mine", state="Rejected", reason="NotAllowed", detail="ask"),
        "shop/mine Rejected (NotAllowed): ask",
    ),
    (
        StillRunning("shop", "mine", "Retrying", "BackOff", 60),
        "shop/mine is still Retrying (BackOff) after 60 s; it goes on",
    ),
    (
        JobFailed(
            namespace="shop", name="mine", state="Failed", reason="RetriesExhausted", exception_type="OSError"
        ),
        "shop/mine Failed (RetriesExhausted): OSError: ",
    ),
    (
        JobFailed(namespace="shop", name="mine", state="Cancelled", detail="by hand"),
        "shop/mine Cancelled: by hand",
    ),
    (NotPossible("shop", "mine", "cancel", "Failed", "too late"), "shop/mine is Failed: too late"),
    (NotPossible("shop", "mine", "retry", "Running", "too early"), "shop/mine is Running: too early"),
    (Conflict("shop", "mine"), "shop/mine was changed by somebody else at the same moment"),
    (LogsUnavailable("shop", "mine", "it is Queued"), "shop/mine has no log to read: it is Queued"),
    (AccessDenied("user may not list"), "user may not list"),
    (BackendUnavailable("cluster", "refused", "try again"), "backend 'cluster' is unavailable: refused"),
    (
        NotInstalled("dev", "x cannot be found", "backgroundjob[local]"),
        "dev is not installed: x cannot be found",
    ),
]


@pytest.mark.parametrize(("error", "message"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_a_message_says_what_is_wrong_and_the_text_adds_the_next_step(
    error: BackgroundJobError, message: str
) -> None:
    assert error.message == message
    assert str(error) == (f"{message}; {error.next_step}" if error.next_step else message)


@pytest.mark.parametrize("error", [error for error, _ in EXAMPLES], ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling(error: BackgroundJobError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)


def test_the_tree_in_the_docstring_names_every_error() -> None:
    kinds = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, BackgroundJobError)
    ]
    drawn = errors.__doc__ or ""
    assert [name for name in kinds if f" {name} " not in drawn.replace("\n", " ")] == []
    assert {type(error).__name__ for error, _ in EXAMPLES} == set(kinds)


def test_a_wait_that_timed_out_is_a_timeout_error() -> None:
    assert issubclass(StillRunning, TimeoutError)
