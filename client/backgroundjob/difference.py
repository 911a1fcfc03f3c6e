"""Whether an existing object asks for what was submitted. Every backend uses this one comparison."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from backgroundjob.api.reasons import DependencyCondition
from backgroundjob.errors import Difference, NameConflict

_COMMANDS = frozenset({"suspend", "cancel", "restarts"})
"""What was done to an object later, not what it was asked to do."""


def existing_if_same(manifest: Mapping[str, Any], existing: dict[str, Any]) -> dict[str, Any]:
    """The existing object when it asks for the same; raises NameConflict with the differences when not."""
    found = differences(manifest.get("spec") or {}, existing.get("spec") or {})
    if found:
        metadata = existing["metadata"]
        raise NameConflict(metadata["namespace"], metadata["name"], found)
    return existing


def differences(asked: Mapping[str, Any], existing: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Fields in which two specs ask for different things; defaults that the API server adds are none."""
    return tuple(_differing("", _normal(asked), _normal(existing)))


def _normal(spec: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in spec.items() if key not in _COMMANDS and value not in (None, {}, [])}
    if "runAt" in kept:
        kept["runAt"] = _instant(kept["runAt"])
    if "dependsOn" in kept:
        kept["dependsOn"] = [
            {"condition": DependencyCondition.SUCCEEDED.value, **item} for item in kept["dependsOn"]
        ]
    return kept


def _instant(text: Any) -> Any:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return text


def _differing(path: str, asked: Any, existing: Any) -> Iterator[Difference]:
    if isinstance(asked, Mapping | None) and isinstance(existing, Mapping | None):
        asked, existing = asked or {}, existing or {}
        for key in sorted({*asked, *existing}):
            yield from _differing(f"{path}.{key}" if path else key, asked.get(key), existing.get(key))
    elif not _equal(asked, existing):
        yield Difference(path, asked, existing)


def _equal(asked: Any, existing: Any) -> bool:
    """Equality in JSON: 1 equals 1.0 (the API server stores one as the other), True does not equal 1."""
    if isinstance(asked, bool) or isinstance(existing, bool):
        return asked is existing
    if isinstance(asked, Mapping) and isinstance(existing, Mapping):
        return asked.keys() == existing.keys() and all(_equal(asked[key], existing[key]) for key in asked)
    if _is_list(asked) and _is_list(existing):
        return len(asked) == len(existing) and all(map(_equal, asked, existing))
    return bool(asked == existing)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
