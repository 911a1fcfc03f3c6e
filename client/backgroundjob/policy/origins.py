"""Where each effective value comes from. Says of every field what `effective.resolve` does with it."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from backgroundjob.api.allow_list import AllowListEntry
from backgroundjob.api.config import OperatorConfig
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob.policy.effective import Effective


class Origin(StrEnum):
    """Who decided, as people call it."""

    OBJECT = "object"
    ENTRY = "allow-list entry"
    LIMIT = "limit of the allow-list entry"
    CONFIGURATION = "configuration"
    DEFAULT = "default"


_LAYERS: Final = (Origin.OBJECT, Origin.ENTRY, Origin.CONFIGURATION)
_PLAIN: Final = ("priority", "queue", "timeout_seconds", "deadline_seconds", "ttl_seconds_after_finished")
_RETRY: Final = ("max_attempts", "max_disruptions", "jitter_percent", "retry_on", "fail_on")
_SHAPE: Final = ("backoff", "delay_seconds", "max_delay_seconds", "delays")

_Layer = tuple[Origin, Any]


def origins(
    spec: BackgroundJobSpec, entry: AllowListEntry, config: OperatorConfig, effective: Effective
) -> Mapping[str, Origin]:
    """By field under its name in the API: `timeoutSeconds`, `retry.maxAttempts`."""
    layers: list[_Layer] = list(zip(_LAYERS, (spec, entry.defaults, config.defaults), strict=True))
    retries = [(origin, layer.retry) for origin, layer in layers if layer.retry is not None]
    # The shape of the plan is one choice, made by the first layer that says anything about it.
    shaped = [layer for layer in retries if any(getattr(layer[1], name) is not None for name in _SHAPE)][:1]
    found = dict(_found("", _PLAIN, layers))
    found |= dict(_found("retry.", _RETRY, retries)) | dict(_found("retry.", _SHAPE, shaped))
    return found | dict.fromkeys(_lowered(spec, entry, effective), Origin.LIMIT)


def _found(prefix: str, names: Sequence[str], layers: Sequence[_Layer]) -> Iterator[tuple[str, Origin]]:
    for name in names:
        given = (origin for origin, layer in layers if getattr(layer, name) is not None)
        yield prefix + _alias(name), next(given, Origin.DEFAULT)


def _lowered(spec: BackgroundJobSpec, entry: AllowListEntry, effective: Effective) -> Iterator[str]:
    """What nobody asked for in the object and the entry's limit has capped."""
    own_attempts = spec.retry.max_attempts if spec.retry is not None else None
    pairs = (
        ("timeoutSeconds", spec.timeout_seconds, effective.timeout_seconds, entry.limits.timeout_seconds),
        ("priority", spec.priority, effective.priority, entry.limits.priority),
        ("retry.maxAttempts", own_attempts, effective.retry.max_attempts, entry.limits.max_attempts),
    )
    for field, own, found, limit in pairs:
        if own is None and limit is not None and found == limit and not _says(entry, field, limit):
            yield field


def _says(entry: AllowListEntry, field: str, value: int) -> bool:
    """Whether the entry's own default is that very value."""
    retry = entry.defaults.retry
    own = {
        "timeoutSeconds": entry.defaults.timeout_seconds,
        "priority": entry.defaults.priority,
        "retry.maxAttempts": retry.max_attempts if retry is not None else None,
    }
    return own[field] == value


def _alias(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
