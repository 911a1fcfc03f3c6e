"""The answer of the classifier."""

from dataclasses import dataclass
from datetime import datetime

from backgroundjob.api.reasons import CHARGED_CAUSES, Cause, Outcome
from backgroundjob_runner.contract import ExceptionDigest


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How an attempt ended. Given once; nothing seen later changes it."""

    outcome: Outcome
    cause: Cause | None = None
    charged: bool = False
    retryable: bool = True
    """False when a further attempt would fail the same way, whatever retryOn says."""
    never_started: bool = False
    exit_code: int | None = None
    exception: ExceptionDigest | None = None
    result: object = None
    result_omitted: bool = False
    retry_after_seconds: int | None = None
    finish_time: datetime | None = None
    pod_name: str | None = None
    node_name: str | None = None
    waiting_reason: str | None = None
    """The last reason not to start, if it never started."""
    message: str = ""
    """One sentence: what happened and, where it helps, what to do. It may quote the cluster.
    Never a param, and never an exception's own message, which may hold one."""
    anomaly: str | None = None
    """What should not have happened and is worth a warning, although the verdict stands."""
    process_ended: bool = True
    """Whether the process is known to have stopped; if not, the next attempt waits for the grace."""


def outcome_of(cause: Cause | None) -> Outcome:
    """The outcome that goes with a cause."""
    if cause is None:
        return Outcome.SUCCEEDED
    if cause is Cause.CANCELLED:
        return Outcome.CANCELLED
    return Outcome.FAILED if cause in CHARGED_CAUSES else Outcome.DISRUPTED
