"""Whether another attempt follows, by budgets, causes and the exceptions of retryOn and failOn."""

import pytest

from backgroundjob.api.reasons import Cause, Outcome, Reason
from backgroundjob.policy.effective import RetryPolicy
from backgroundjob_operator.engine.outcome import Verdict
from backgroundjob_operator.engine.retry import final_reason
from backgroundjob_runner.contract import ExceptionDigest

DISCONNECTED = ExceptionDigest(
    type="smtplib.SMTPServerDisconnected",
    ancestors=("smtplib.SMTPServerDisconnected", "smtplib.SMTPException", "OSError", "Exception"),
)


def failed(
    cause: Cause = Cause.APP_ERROR,
    exception: ExceptionDigest | None = DISCONNECTED,
    *,
    retryable: bool = True,
) -> Verdict:
    """A charged end."""
    return Verdict(
        outcome=Outcome.FAILED, cause=cause, charged=True, retryable=retryable, exception=exception
    )


DISRUPTED = Verdict(outcome=Outcome.DISRUPTED, cause=Cause.EVICTED)


@pytest.mark.parametrize(
    ("attempts", "reason"),
    [(1, None), (2, None), (3, Reason.RETRIES_EXHAUSTED), (4, Reason.RETRIES_EXHAUSTED)],
)
def test_max_attempts_counts_the_first_attempt_too(attempts: int, reason: Reason | None) -> None:
    assert final_reason(RetryPolicy(max_attempts=3), failed(), attempts, 0) is reason


def test_one_attempt_means_no_retry() -> None:
    assert final_reason(RetryPolicy(max_attempts=1), failed(), 1, 0) is Reason.RETRIES_EXHAUSTED


@pytest.mark.parametrize(("disruptions", "reason"), [(10, None), (11, Reason.DISRUPTIONS_EXHAUSTED)])
def test_so_many_disruptions_are_forgiven_and_no_more(disruptions: int, reason: Reason | None) -> None:
    assert final_reason(RetryPolicy(max_disruptions=10), DISRUPTED, 0, disruptions) is reason


def test_no_disruption_is_forgiven_when_none_is_allowed() -> None:
    assert final_reason(RetryPolicy(max_disruptions=0), DISRUPTED, 0, 1) is Reason.DISRUPTIONS_EXHAUSTED


def test_a_disruption_does_not_use_up_attempts() -> None:
    assert final_reason(RetryPolicy(max_attempts=1), DISRUPTED, 5, 1) is None


@pytest.mark.parametrize("cause", [Cause.APP_ERROR, Cause.NOT_LOADABLE], ids=["Fatal", "NotLoadable"])
def test_an_end_that_would_repeat_itself_is_never_retried(cause: Cause) -> None:
    policy = RetryPolicy(max_attempts=100, retry_on=("Exception",))

    assert final_reason(policy, failed(cause, retryable=False), 1, 0) is Reason.NOT_RETRYABLE


NAMES = pytest.mark.parametrize(
    ("names", "matches"),
    [
        (("smtplib.SMTPServerDisconnected",), True),
        (("SMTPServerDisconnected",), True),
        (("smtplib.SMTPException",), True),
        (("SMTPException",), True),
        (("OSError",), True),
        (("Exception",), True),
        (("ValueError", "OSError"), True),
        (("ValueError",), False),
        (("other.SMTPException",), False),
        (("smtplib",), False),
        (("SMTP",), False),
    ],
    ids=str,
)


@NAMES
def test_retry_on_lets_the_class_and_its_ancestors_through_and_ends_the_rest(
    names: tuple[str, ...], matches: bool
) -> None:
    reason = final_reason(RetryPolicy(retry_on=names), failed(), 1, 0)

    assert reason is (None if matches else Reason.NOT_RETRYABLE)


@NAMES
def test_fail_on_ends_the_class_and_its_ancestors_and_lets_the_rest_through(
    names: tuple[str, ...], matches: bool
) -> None:
    reason = final_reason(RetryPolicy(fail_on=names), failed(), 1, 0)

    assert reason is (Reason.NOT_RETRYABLE if matches else None)


def test_fail_on_wins_over_retry_on() -> None:
    policy = RetryPolicy(retry_on=("OSError",), fail_on=("SMTPException",))

    assert final_reason(policy, failed(), 1, 0) is Reason.NOT_RETRYABLE


@pytest.mark.parametrize("cause", [Cause.CRASH, Cause.OUT_OF_MEMORY, Cause.NO_RECEIPT, Cause.TIMEOUT])
def test_an_end_without_an_exception_is_retried_whatever_retry_on_says(cause: Cause) -> None:
    policy = RetryPolicy(retry_on=("ValueError",), fail_on=("OSError",))

    assert final_reason(policy, failed(cause, exception=None), 1, 0) is None


@pytest.mark.parametrize("cause", [Cause.TIMEOUT, Cause.RETRY_LATER])
def test_the_exception_in_the_receipt_of_a_timeout_or_retry_later_is_not_held_against_the_lists(
    cause: Cause,
) -> None:
    policy = RetryPolicy(retry_on=("ValueError",), fail_on=("OSError",))

    assert final_reason(policy, failed(cause), 1, 0) is None


def test_retry_later_uses_up_attempts_all_the_same() -> None:
    assert final_reason(RetryPolicy(max_attempts=2), failed(Cause.RETRY_LATER), 2, 0) is (
        Reason.RETRIES_EXHAUSTED
    )
