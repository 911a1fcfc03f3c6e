"""Whether an attempt is followed by another. How long after: backgroundjob.policy.delays."""

from typing import Final

from backgroundjob.api.reasons import Cause, Reason
from backgroundjob.policy.effective import RetryPolicy
from backgroundjob_operator.engine.outcome import Verdict

WAITS_FOR_ROOM: Final = frozenset({"Unschedulable", "QuotaExceeded"})
"""Waiting reasons that end by themselves: stopping the attempt would not help, and uses up nothing."""


def final_reason(policy: RetryPolicy, verdict: Verdict, attempts: int, disruptions: int) -> Reason | None:
    """Why no attempt follows this one, or None when one does. Counts include this attempt."""
    if not verdict.charged:
        return Reason.DISRUPTIONS_EXHAUSTED if disruptions > policy.max_disruptions else None
    if not verdict.retryable or not _is_retryable_exception(policy, verdict):
        return Reason.NOT_RETRYABLE
    return Reason.RETRIES_EXHAUSTED if attempts >= policy.max_attempts else None


def _is_retryable_exception(policy: RetryPolicy, verdict: Verdict) -> bool:
    # A timeout's receipt names an exception too, and RetryLater is one: neither is held against a list.
    if verdict.exception is None or verdict.cause is not Cause.APP_ERROR:
        return True
    names = {verdict.exception.type, *verdict.exception.ancestors}
    names |= {name.rpartition(".")[2] for name in names}
    if names & set(policy.fail_on):
        return False
    return not policy.retry_on or bool(names & set(policy.retry_on))
