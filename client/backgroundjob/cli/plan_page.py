"""The page of `bgjob plan`: when, how long between, how it ends, and who decided."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from backgroundjob.api.limits import DEFAULT_PRIORITIES
from backgroundjob.cli.output import columns
from backgroundjob.cli.timeline import Timeline
from backgroundjob.durations import exact
from backgroundjob.planning import Plan
from backgroundjob.policy.delays import DISRUPTION_DELAY_SECONDS, DISRUPTION_MAX_DELAY_SECONDS, next_second
from backgroundjob.policy.plan import NO_TIME, PlannedAttempt, Span

_FIRST_SHOWN: Final = 20
_LAST_SHOWN: Final = 3


def page(plan: Plan, timeline: Timeline, now: datetime) -> Iterator[str]:
    """Lines for people."""
    yield from _head(plan, timeline)
    yield ""
    yield from _table(plan, timeline, now)
    yield ""
    yield from _end(plan, timeline)
    yield ""
    yield from columns(("SETTING", "VALUE", "FROM"), [*_settings(plan)])


def _head(plan: Plan, timeline: Timeline) -> Iterator[str]:
    most = len(plan.attempts)
    attempts = "1 attempt, no retry" if most == 1 else f"at most {most} attempts"
    waits = "" if most == 1 else f", {_span(_total(plan))} of waiting in between if each fails"
    yield f"{plan.target}: {attempts}{waits}"
    if timeline.ended:
        yield f"It has ended ({timeline.ended}). This is what would follow: bgjob retry {timeline.name}"
    elif timeline.running:
        yield f"Attempt {timeline.charged + 1} runs now; the times hold if it fails at this moment."
    elif timeline.charged:
        yield f"{timeline.charged} of them {'is' if timeline.charged == 1 else 'are'} used up."
    if timeline.ended:
        return
    if plan.spec.suspend:
        yield f"It is suspended: nothing starts until bgjob resume {timeline.name}".rstrip()
    if plan.spec.depends_on and not timeline.charged:
        others = ", ".join(f"{one.name} ({one.condition})" for one in plan.spec.depends_on)
        yield f"It waits for {others} first."


def _total(plan: Plan) -> Span:
    return sum((attempt.delay for attempt in plan.attempts), NO_TIME)


def _table(plan: Plan, timeline: Timeline, now: datetime) -> Iterator[str]:
    attempts = plan.attempts[timeline.charged :]
    rows = [_row(plan, timeline, attempt, now) for attempt in attempts]
    hidden = len(rows) - _FIRST_SHOWN - _LAST_SHOWN
    if hidden > 0:
        rows[_FIRST_SHOWN:-_LAST_SHOWN] = [("…", f"{hidden} more", "", "")]
    headers = ("ATTEMPT", "WAITS BEFORE", "WAITED IN ALL", "STARTS AT THE EARLIEST")
    yield from columns(headers, rows)


def _row(plan: Plan, timeline: Timeline, attempt: PlannedAttempt, now: datetime) -> tuple[str, str, str, str]:
    waits = _span(attempt.delay) if attempt.number > 1 else ""
    waited = sum((one.delay for one in plan.attempts[: attempt.number]), NO_TIME)
    start = timeline.start(plan, attempt)
    if timeline.running and attempt.number == timeline.charged + 1:
        moment = "runs now"
    elif timeline.is_too_late(start):
        moment = "never: after the deadline"
    else:
        moment = _moment(timeline, start, now)
    return str(attempt.number), waits, _span(waited), moment


def _moment(timeline: Timeline, start: Span, now: datetime) -> str:
    if timeline.next_time is None:
        return f"after {_span(start)}" if start.latest else "at once"
    time = next_second(timeline.next_time + start.earliest)
    left = (time - now).total_seconds()
    return f"{_text(time)} ({f'in {exact(int(left + 0.5))}' if left > 0.5 else 'now'})"


def _end(plan: Plan, timeline: Timeline) -> Iterator[str]:
    effective = plan.effective
    timeout = timedelta(seconds=effective.timeout_seconds)
    over = _exact(plan.attempts[-1].start.latest + timeout * len(plan.attempts))
    ends = (
        "" if effective.deadline_seconds else f"; with these waits all is over {over} after the first start"
    )
    yield f"Each attempt may run for {_exact(timeout)}{ends}."
    if isinstance(timeline.deadline, datetime):
        yield f"Its deadline is {_text(timeline.deadline)}."
    elif effective.deadline_seconds is not None:
        yield f"Its deadline is {exact(effective.deadline_seconds)} after submission or the latest restart."
    if len(plan.attempts) > 1:
        yield "An attempt that runs longer, or waits for a limit, moves the later ones by as much."
        yield "RetryLater(seconds) raised by the code replaces the wait; Fatal ends all."
    first, most = exact(DISRUPTION_DELAY_SECONDS), exact(DISRUPTION_MAX_DELAY_SECONDS)
    yield (
        f"Ends that are not the job's fault use up none: up to {effective.retry.max_disruptions}, "
        f"tried again after {first} doubling to {most}."
    )


def _settings(plan: Plan) -> Iterator[tuple[str, str, str]]:
    for field, value in _values(plan).items():
        yield field, value, str(plan.origins[field])


def _values(plan: Plan) -> dict[str, str]:
    effective, retry = plan.effective, plan.effective.retry
    shape = {
        "retry.backoff": str(retry.backoff),
        "retry.delaySeconds": exact(retry.delay_seconds),
        "retry.maxDelaySeconds": exact(retry.max_delay_seconds),
    }
    explicit = ", ".join(exact(seconds) for seconds in retry.delays_seconds)
    lists = {"retry.retryOn": ", ".join(retry.retry_on), "retry.failOn": ", ".join(retry.fail_on)}
    return {
        "retry.maxAttempts": str(retry.max_attempts),
        **({"retry.delays": f"{explicit} (the last repeats)"} if explicit else shape),
        "retry.jitterPercent": f"±{retry.jitter_percent} %",
        **{field: names for field, names in lists.items() if names},
        "retry.maxDisruptions": str(retry.max_disruptions),
        "timeoutSeconds": exact(effective.timeout_seconds),
        "deadlineSeconds": "none"
        if effective.deadline_seconds is None
        else exact(effective.deadline_seconds),
        "ttlSecondsAfterFinished": exact(effective.ttl_seconds),
        "priority": _priority(plan),
        "queue": effective.queue,
    }


def _priority(plan: Plan) -> str:
    asked = plan.spec.priority
    if not isinstance(asked, str):
        return str(plan.effective.priority)
    known = asked in DEFAULT_PRIORITIES or not plan.missing
    return f"{asked} ({plan.effective.priority})" if known else f"{asked} (its number is configured)"


def plan_document(plan: Plan, timeline: Timeline) -> dict[str, Any]:
    """The same for programs, in seconds."""
    return {
        "target": plan.target,
        "uid": plan.uid,
        "maxAttempts": len(plan.attempts),
        "chargedAttempts": timeline.charged,
        "attempts": [_attempt_document(plan, timeline, one) for one in plan.attempts[timeline.charged :]],
        "settings": {
            field: {"value": value, "from": str(plan.origins[field])}
            for field, value in _values(plan).items()
        },
        "missing": list(plan.missing),
    }


def _attempt_document(plan: Plan, timeline: Timeline, attempt: PlannedAttempt) -> dict[str, Any]:
    start = timeline.start(plan, attempt)
    time = timeline.next_time and _text(next_second(timeline.next_time + start.earliest))
    return {
        "number": attempt.number,
        "delaySeconds": _seconds(attempt.delay),
        "startsAfterSeconds": _seconds(start),
        "earliestStartTime": time,
        "afterDeadline": timeline.is_too_late(start),
    }


def _seconds(span: Span) -> dict[str, float]:
    return {"earliest": span.earliest.total_seconds(), "latest": span.latest.total_seconds()}


def _span(span: Span) -> str:
    earliest, latest = _exact(span.earliest), _exact(span.latest)
    return earliest if earliest == latest else f"{earliest} to {latest}"


def _exact(length: timedelta) -> str:
    return exact(length.total_seconds())


def _text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
