"""The status a BackgroundJob should show, built whole; `merge_patch` writes the difference."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backgroundjob.api.limits import ATTEMPTS_KEPT_FIRST, ATTEMPTS_KEPT_LAST, MESSAGE_LIMIT
from backgroundjob.api.reasons import ConditionStatus, ConditionType, Reason, State
from backgroundjob.policy.effective import Effective
from backgroundjob_operator.engine.record import BackgroundJobRecord, format_time, parse_time

Status = dict[str, Any]

_STATE_MEANS_FAILED = frozenset({State.FAILED, State.CANCELLED, State.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the object says of itself: one word, one reason, one sentence."""

    state: State
    reason: Reason
    message: str

    @property
    def sentence(self) -> str:
        """The message as the status can hold it."""
        return clipped(self.message)


def with_summary(record: BackgroundJobRecord, summary: Summary, now: datetime) -> Status:
    """The record's status with a new summary; the sentence changes only with state or reason."""
    status: Status = {"restartsObserved": 0, **record.status, "observedGeneration": record.generation}
    if (status.get("state"), status.get("reason")) != (summary.state, summary.reason):
        status |= {"state": summary.state, "reason": summary.reason, "message": summary.sentence}
    if summary.state is not State.REJECTED and "conditions" not in status:
        _set_condition(status, ConditionType.ACCEPTED, "Allowed", "checked against the allow-list", now)
    _set_suspended(status, summary.reason is Reason.SUSPENDED, now)
    return status


def with_effective(status: Status, effective: Effective, *, is_running: bool) -> Status:
    """The status with the values that the operator acts on."""
    charged = int(status.get("attemptCount", 0))
    return {
        **status,
        "priority": effective.priority,
        "queue": effective.queue,
        "maxAttempts": effective.retry.max_attempts,
        "attemptSummary": f"{charged + is_running}/{effective.retry.max_attempts}",
    }


def with_attempt(status: Status, attempt: Mapping[str, Any]) -> Status:
    """The status with one ledger entry added or replaced, by its number.

    Keeps the first 3 and the last 17, and the traceback only in the newest attempt that has one.
    """
    others = [one for one in status.get("attempts", ()) if one["number"] != attempt["number"]]
    ledger = [dict(one) for one in sorted([*others, attempt], key=lambda one: int(one["number"]))]
    if len(ledger) > ATTEMPTS_KEPT_FIRST + ATTEMPTS_KEPT_LAST:
        ledger = ledger[:ATTEMPTS_KEPT_FIRST] + ledger[-ATTEMPTS_KEPT_LAST:]
    has_newer_traceback = False
    for one in reversed(ledger):
        if "traceback" not in one.get("exception", {}):
            continue
        if has_newer_traceback:
            one["exception"] = {k: v for k, v in one["exception"].items() if k != "traceback"}
        has_newer_traceback = True
    return {**status, "attempts": ledger}


def ended(status: Status, summary: Summary, completion_time: datetime) -> Status:
    """The status with its terminal condition. Nothing but a restart changes it afterwards."""
    done: Status = {**status, "state": summary.state, "reason": summary.reason, "message": summary.sentence}
    done["completionTime"] = format_time(completion_time)
    done.pop("nextRetryTime", None)
    if "startTime" in done:
        done["duration"] = duration_text(completion_time - parse_time(done["startTime"]))
    failed = summary.state in _STATE_MEANS_FAILED
    condition = ConditionType.FAILED if failed else ConditionType.COMPLETE
    if summary.state is State.REJECTED:
        _set_condition(
            done,
            ConditionType.ACCEPTED,
            summary.reason,
            summary.message,
            completion_time,
            value=ConditionStatus.FALSE,
        )
    _set_condition(done, condition, summary.reason, summary.message, completion_time)
    return done


def restarted(record: BackgroundJobRecord, now: datetime) -> Status:
    """A fresh start with fresh budgets. The ledger of attempts stays."""
    kept = {name: record.status[name] for name in ("attempts",) if name in record.status}
    fresh: Status = {
        **kept,
        "observedGeneration": record.generation,
        "restartsObserved": record.restarts,
        "attemptCount": 0,
        "disruptionCount": 0,
    }
    _set_condition(fresh, ConditionType.ACCEPTED, "Restarted", "fresh budgets; the ledger stays", now)
    return fresh


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) that turns `old` into `new`; empty when nothing differs."""
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            inner = merge_patch(before, value)
            if inner:
                patch[name] = inner
        elif name not in old or before != value:
            patch[name] = value
    return patch


def clipped(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """The text within the limit of its field: one character more, and the API server refuses the status."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def duration_text(duration: timedelta) -> str:
    """`4s`, `2m10s`, `3h5m`, `2d4h`: two units at most, as kubectl prints ages."""
    seconds = max(0, int(duration.total_seconds()))
    units = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
    for index, (unit, size) in enumerate(units):
        if seconds >= size or unit == "s":
            rest = seconds % size
            smaller = units[index + 1] if index + 1 < len(units) else None
            tail = f"{rest // smaller[1]}{smaller[0]}" if smaller and rest // smaller[1] else ""
            return f"{seconds // size}{unit}{tail}"
    raise AssertionError("every duration is at least 0 s")


def _set_condition(
    status: Status,
    type_: ConditionType,
    reason: str,
    message: str,
    now: datetime,
    *,
    value: ConditionStatus = ConditionStatus.TRUE,
) -> None:
    """Set one condition where it stands; its transition time moves only when its status does."""
    by_type = {one.get("type"): one for one in status.get("conditions", ())}
    before = by_type.get(type_, {})
    stays = before.get("status") == value
    # A dict keeps the place of a key: an unchanged condition makes no difference to write.
    by_type[type_] = {
        "type": type_,
        "status": value,
        "reason": reason,
        "message": clipped(message),
        "lastTransitionTime": before["lastTransitionTime"] if stays else format_time(now),
    }
    status["conditions"] = list(by_type.values())


def _set_suspended(status: Status, is_suspended: bool, now: datetime) -> None:
    """Set the Suspended condition in place; it never appears before suspend was asked for."""
    known = any(one.get("type") == ConditionType.SUSPENDED for one in status.get("conditions", ()))
    if is_suspended or known:
        value = ConditionStatus.TRUE if is_suspended else ConditionStatus.FALSE
        message = "spec.suspend is true" if is_suspended else "nothing holds it back"
        _set_condition(status, ConditionType.SUSPENDED, Reason.SUSPENDED, message, now, value=value)
