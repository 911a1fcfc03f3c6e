"""What a plan consists of. The actuator performs actions in order and decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Identity of a namespaced object. Never joined into a string to be taken apart again."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class CreateJob:
    """Create the Job of one attempt. Its name is computed: a second create is a harmless 409."""

    owner: ObjectKey
    manifest: Json


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Delete exactly this Job (uid as precondition), its pods in the background."""

    owner: ObjectKey
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class PatchStatus:
    """Merge-patch the status, if nobody wrote the object since `resource_version`."""

    owner: ObjectKey
    resource_version: str
    patch: Json
    transition: str
    """The log line's tail, such as `Running→Failed reason=RetriesExhausted attempt=3`."""


@dataclass(frozen=True, slots=True)
class DeleteBackgroundJob:
    """Delete the object itself: its time to live after the end is over."""

    owner: ObjectKey
    uid: str


@dataclass(frozen=True, slots=True)
class EmitEvent:
    """Tell a transition on the object. `identity` makes the Event's name: the same story is told once."""

    owner: ObjectKey
    uid: str
    type: Literal["Normal", "Warning"]
    reason: str
    note: str
    identity: str


Action: TypeAlias = CreateJob | DeleteJob | PatchStatus | DeleteBackgroundJob | EmitEvent
