"""A BackgroundJob as the engine keeps it: parsed once per version, tolerant of anything stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from backgroundjob.api.reasons import ConditionType
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob_operator.engine.actions import ObjectKey

_NO_STATUS: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundJobRecord:
    """One version of one object."""

    key: ObjectKey
    uid: str
    resource_version: str
    generation: int
    creation_time: datetime
    is_deleting: bool
    class_name: str
    method: str
    spec: BackgroundJobSpec | None
    spec_problem: str
    """Why `spec` is None: the object is older than the CRD's rules, or came around them."""
    status: Mapping[str, Any]
    restarts: int
    restart_time: datetime | None
    """When the latest restart was taken up; None before the first."""

    @property
    def has_ended(self) -> bool:
        """Whether a terminal condition is set."""
        return self._terminal_condition is not None

    @property
    def _terminal_condition(self) -> Mapping[str, Any] | None:
        for condition in self.status.get("conditions", ()):
            is_terminal = condition.get("type") in (ConditionType.COMPLETE, ConditionType.FAILED)
            if is_terminal and condition.get("status") == "True":
                found: Mapping[str, Any] = condition
                return found
        return None

    @property
    def completion_time(self) -> datetime:
        """When it ended. A terminal condition that somebody wrote without that time tells its own."""
        own = (self._terminal_condition or {}).get("lastTransitionTime")
        written = self.status.get("completionTime") or own
        return parse_time(written) if written else self.creation_time

    @property
    def attempts(self) -> list[dict[str, Any]]:
        """The ledger, oldest first."""
        return list(self.status.get("attempts", ()))

    @property
    def last_attempt_number(self) -> int:
        """Highest attempt number in the ledger; 0 before the first."""
        return max((int(attempt["number"]) for attempt in self.attempts), default=0)

    @property
    def charged_count(self) -> int:
        """Charged attempts since creation or the latest restart."""
        return int(self.status.get("attemptCount", 0))

    @property
    def disruption_count(self) -> int:
        """Uncharged ends since creation or the latest restart."""
        return int(self.status.get("disruptionCount", 0))


def parse_record(document: Mapping[str, Any]) -> BackgroundJobRecord:
    """A record of an object as the API server sends it. Never raises for what a user can write."""
    metadata = document["metadata"]
    raw_spec = document.get("spec") or {}
    status = document.get("status") or _NO_STATUS
    spec, problem = _parse_spec(raw_spec)
    return BackgroundJobRecord(
        key=ObjectKey(metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        resource_version=str(metadata["resourceVersion"]),
        generation=int(metadata.get("generation", 1)),
        creation_time=parse_time(metadata["creationTimestamp"]),
        is_deleting="deletionTimestamp" in metadata,
        class_name=str(raw_spec.get("class", "")),
        method=str(raw_spec.get("method", "")),
        spec=spec,
        spec_problem=problem,
        status=status,
        restarts=spec.restarts if spec else 0,
        restart_time=_restart_time(status),
    )


def parse_time(text: str) -> datetime:
    """An aware UTC time from the API's RFC 3339 text."""
    return datetime.fromisoformat(text).astimezone(UTC)


def format_time(time: datetime) -> str:
    """RFC 3339 in whole seconds, as the API itself writes times."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse_spec(raw: Mapping[str, Any]) -> tuple[BackgroundJobSpec | None, str]:
    try:
        return BackgroundJobSpec.model_validate(raw), ""
    except ValidationError as error:
        # Field and rule only: pydantic's own text repeats the value.
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in ("spec", *first["loc"]))
        return None, f"{field}: {first['msg']}; create the object again with a valid value"


def _restart_time(status: Mapping[str, Any]) -> datetime | None:
    # The Accepted condition is written anew by each restart, and only then.
    if not status.get("restartsObserved"):
        return None
    for condition in status.get("conditions", ()):
        if condition.get("type") == ConditionType.ACCEPTED and "lastTransitionTime" in condition:
            return parse_time(condition["lastTransitionTime"])
    return None
