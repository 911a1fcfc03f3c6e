"""How an attempt ended: one verdict from its Job, its Pods and its receipt.

Pure: records in, a verdict out, and the same verdict for ever.  A final receipt that names this attempt
decides at once and outranks everything, exit codes included: the runner writes it last, when the work is
done.  Anything else waits (`outcome_wait`) until both Job and Pod have said their last word, or the
grace has passed, and then goes through the rules (`outcome_rules`).
"""

from dataclasses import replace
from datetime import datetime, timedelta

from backgroundjob_operator.engine.observation import AttemptRecord
from backgroundjob_operator.engine.outcome_facts import Facts, gather
from backgroundjob_operator.engine.outcome_rules import RULES
from backgroundjob_operator.engine.outcome_text import receipt_cause, receipt_text
from backgroundjob_operator.engine.outcome_verdict import Verdict
from backgroundjob_operator.engine.outcome_wait import Undecided, why_not_yet
from backgroundjob_runner.contract import Receipt, ReceiptOutcome

__all__ = ["Undecided", "Verdict", "classify"]

_DEFAULT_START_DEADLINE_SECONDS = 300


def classify(
    attempt: AttemptRecord,
    *,
    uid: str,
    number: int,
    now: datetime,
    node_lost_grace_seconds: int,
    cancel_requested: bool = False,
    start_deadline_seconds: int = _DEFAULT_START_DEADLINE_SECONDS,
) -> Verdict | Undecided:
    """How attempt `number` of the BackgroundJob `uid` ended, or what is still missing.

    Call it for an attempt whose Job was created, with caches that are synced: a missing Job then means
    a deleted one.  `start_deadline_seconds` tells a removal for want of a start from somebody's whim.
    """
    facts = gather(
        attempt,
        uid=uid,
        number=number,
        now=now,
        grace=timedelta(seconds=node_lost_grace_seconds),
        start_deadline=timedelta(seconds=start_deadline_seconds),
        cancel_requested=cancel_requested,
    )
    if facts.reading.final is not None:
        return _by_receipt(facts, facts.reading.final)
    undecided = why_not_yet(facts)
    if undecided is not None:
        return undecided
    verdicts = (rule(facts) for rule in RULES)
    # The last rule answers whenever a container ended, and the one before it in every other case.
    return next(verdict for verdict in verdicts if verdict is not None)


def _by_receipt(facts: Facts, receipt: Receipt) -> Verdict:
    verdict = facts.verdict(receipt_cause(receipt), receipt_text(receipt))
    end = facts.end
    if receipt.outcome is not ReceiptOutcome.SUCCEEDED or end is None or end.exit_code == 0:
        return verdict
    odd = f"the receipt says Succeeded and the process ended with exit code {end.exit_code}"
    return replace(verdict, anomaly="; ".join(filter(None, (verdict.anomaly, odd))))
