"""dependsOn: which objects must end first, and when that can no longer come true."""

from collections.abc import Callable
from dataclasses import dataclass

from backgroundjob.api.reasons import DependencyCondition, Reason, State
from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_operator.engine.record import BackgroundJobRecord

Lookup = Callable[[str], BackgroundJobRecord | None]
"""Another object of the same namespace, by name."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """Dependencies that have not ended yet, or do not exist yet."""

    names: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def message(self) -> str:
        """The sentence for the status."""
        text = f"waits for {', '.join(self.names)} to end"
        if self.missing:
            text += f"; {', '.join(self.missing)} does not exist (yet): create it, or cancel this object"
        return text


@dataclass(frozen=True, slots=True)
class Broken:
    """A dependency that can no longer hold."""

    reason: Reason
    message: str


def dependency_keys(record: BackgroundJobRecord) -> list[ObjectKey]:
    """The objects that a record depends on."""
    names = record.spec.depends_on if record.spec is not None else ()
    return [ObjectKey(record.key.namespace, dependency.name) for dependency in names]


def check_dependencies(record: BackgroundJobRecord, lookup: Lookup) -> Unmet | Broken | None:
    """What the object waits for, why it never can start, or None when all dependencies hold."""
    if record.spec is None or not record.spec.depends_on:
        return None
    cycle = _cycle(record, lookup)
    if cycle:
        path = " → ".join((record.key.name, *cycle))
        return Broken(
            Reason.DEPENDENCY_CYCLE, f"the dependencies lead back to the object: {path}; break the chain"
        )
    waits, missing = [], []
    for dependency in record.spec.depends_on:
        other = lookup(dependency.name)
        if other is None:
            missing.append(dependency.name)
        elif not other.has_ended:
            waits.append(dependency.name)
        elif dependency.condition is DependencyCondition.SUCCEEDED and not _succeeded(other):
            state, reason = other.status.get("state"), other.status.get("reason")
            text = (
                f"depends on {dependency.name}, which ended {state} ({reason}); restart both, that one first"
            )
            return Broken(Reason.DEPENDENCY_FAILED, text)
    if not waits and not missing:
        return None
    return Unmet((*waits, *missing), tuple(missing))


def _succeeded(record: BackgroundJobRecord) -> bool:
    return record.status.get("state") == State.SUCCEEDED


def _cycle(start: BackgroundJobRecord, lookup: Lookup) -> tuple[str, ...]:
    """Names on a way from the object back to itself through objects that have not ended; empty if none."""
    seen: set[str] = set()
    ways: list[tuple[BackgroundJobRecord, tuple[str, ...]]] = [(start, ())]
    while ways:
        record, way = ways.pop()
        for dependency in record.spec.depends_on if record.spec is not None else ():
            if dependency.name == start.key.name:
                return (*way, dependency.name)
            other = lookup(dependency.name)
            if other is not None and not other.has_ended and dependency.name not in seen:
                seen.add(dependency.name)
                ways.append((other, (*way, dependency.name)))
    return ()
