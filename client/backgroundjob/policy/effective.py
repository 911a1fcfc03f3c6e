"""Effective values: object, then allow-list entry, then configuration, then the contract's defaults."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from backgroundjob.api import limits
from backgroundjob.api.allow_list import AllowListEntry
from backgroundjob.api.config import OperatorConfig
from backgroundjob.api.reasons import Backoff, Reason
from backgroundjob.api.spec import BackgroundJobSpec

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Resolved retry rules of one object."""

    max_attempts: int = limits.DEFAULT_MAX_ATTEMPTS
    max_disruptions: int = limits.DEFAULT_MAX_DISRUPTIONS
    backoff: Backoff = Backoff.EXPONENTIAL
    delay_seconds: int = limits.DEFAULT_RETRY_DELAY_SECONDS
    max_delay_seconds: int = limits.DEFAULT_RETRY_MAX_DELAY_SECONDS
    delays_seconds: tuple[int, ...] = ()
    """An explicit plan instead of the formula; the last repeats."""
    jitter_percent: int = limits.DEFAULT_JITTER_PERCENT
    retry_on: tuple[str, ...] = ()
    fail_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What the operator acts on, every default resolved."""

    target: str
    profile: str
    priority: int
    queue: str
    timeout_seconds: int
    ttl_seconds: int
    deadline_seconds: int | None
    retry: RetryPolicy


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an object cannot run as it stands."""

    reason: Reason
    message: str


def resolve(spec: BackgroundJobSpec, entry: AllowListEntry, config: OperatorConfig) -> Effective | Refusal:
    """Resolve every default and hold the result against the entry's limits."""
    layers: tuple[Any, ...] = (spec, entry.defaults, config.defaults)
    priority = _priority(_first(layers, "priority", limits.DEFAULT_PRIORITY), config)
    if isinstance(priority, Refusal):
        return priority
    effective = Effective(
        target=entry.target_of(f"{spec.class_}.{spec.method}"),
        profile=entry.profile,
        priority=priority,
        queue=_first(layers, "queue", limits.DEFAULT_QUEUE),
        timeout_seconds=_first(layers, "timeout_seconds", limits.DEFAULT_TIMEOUT_SECONDS),
        ttl_seconds=_first(layers, "ttl_seconds_after_finished", limits.DEFAULT_TTL_SECONDS),
        deadline_seconds=_first(layers, "deadline_seconds", None),
        retry=_retry([layer.retry for layer in layers if layer is not None and layer.retry is not None]),
    )
    if effective.profile not in config.profiles:
        known = ", ".join(sorted(config.profiles)) or "none"
        return Refusal(
            Reason.INVALID_SPEC,
            f"the allow-list entry names the runner profile {effective.profile}, which is not configured "
            f"(configured: {known}); an administrator has to add it to backgroundjob-config",
        )
    return _within_limits(spec, entry, effective)


def _first(layers: Iterable[Any], name: str, default: _Value) -> _Value:
    for layer in layers:
        value: _Value | None = getattr(layer, name, None)
        if value is not None:
            return value
    return default


def _priority(value: int | str, config: OperatorConfig) -> int | Refusal:
    if isinstance(value, int):
        return value
    known = {**limits.DEFAULT_PRIORITIES, **config.priorities}
    if value in known:
        return known[value]
    return Refusal(
        Reason.INVALID_SPEC,
        f"spec.priority is the unknown name {value}; use a number from -1000 to 1000 or one of "
        f"{', '.join(sorted(known))}",
    )


def _retry(layers: list[Any]) -> RetryPolicy:
    # The shape of the plan is one choice: an object that sets delaySeconds does not inherit delays[].
    shaped = [layer for layer in layers if _has_shape(layer)][:1]
    delay_seconds = _first(shaped, "delay_seconds", limits.DEFAULT_RETRY_DELAY_SECONDS)
    # Who asks for a longer delay than the usual longest one, and names no longest one, gets it.
    longest = max(delay_seconds, limits.DEFAULT_RETRY_MAX_DELAY_SECONDS)
    return RetryPolicy(
        max_attempts=_first(layers, "max_attempts", limits.DEFAULT_MAX_ATTEMPTS),
        max_disruptions=_first(layers, "max_disruptions", limits.DEFAULT_MAX_DISRUPTIONS),
        jitter_percent=_first(layers, "jitter_percent", limits.DEFAULT_JITTER_PERCENT),
        retry_on=tuple(_first(layers, "retry_on", ())),
        fail_on=tuple(_first(layers, "fail_on", ())),
        backoff=Backoff(_first(shaped, "backoff", Backoff.EXPONENTIAL)),
        delay_seconds=delay_seconds,
        max_delay_seconds=_first(shaped, "max_delay_seconds", longest),
        delays_seconds=tuple(_first(shaped, "delays", ())),
    )


def _has_shape(layer: Any) -> bool:
    names = ("backoff", "delay_seconds", "max_delay_seconds", "delays")
    return any(getattr(layer, name, None) is not None for name in names)


def _within_limits(
    spec: BackgroundJobSpec, entry: AllowListEntry, effective: Effective
) -> Effective | Refusal:
    most_of, retry = entry.limits, effective.retry
    own_attempts = spec.retry.max_attempts if spec.retry is not None else None
    checks = (
        ("spec.retry.maxAttempts", own_attempts, retry.max_attempts, most_of.max_attempts),
        ("spec.timeoutSeconds", spec.timeout_seconds, effective.timeout_seconds, most_of.timeout_seconds),
        ("spec.priority", spec.priority, effective.priority, most_of.priority),
    )
    for field, own, found, most in checks:
        if own is not None and most is not None and found > most:
            return Refusal(
                Reason.INVALID_SPEC,
                f"{field} is {found}; {spec.class_}.{spec.method} allows at most {most}: set it lower",
            )
    # A default above the limit is nobody's wish: lowered, not refused.
    return replace(
        effective,
        timeout_seconds=_at_most(effective.timeout_seconds, most_of.timeout_seconds),
        priority=_at_most(effective.priority, most_of.priority),
        retry=replace(retry, max_attempts=_at_most(retry.max_attempts, most_of.max_attempts)),
    )


def _at_most(value: int, limit: int | None) -> int:
    return value if limit is None else min(value, limit)
