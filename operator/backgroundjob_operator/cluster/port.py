"""The port behind which every effect lives, and the errors that it raises.

ClusterError
├── Conflict        someone wrote the object since: read it and decide again
├── AlreadyExists   the name is taken: read it and compare
├── NotFound        the object is gone
├── NotLeading      this process may not write: another one does
├── Refused         the request will never be accepted as it is: forbidden or invalid
└── Unavailable     try again later: no connection, too many requests, a failing server
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from backgroundjob_operator.engine.actions import EmitEvent, ObjectKey

Document = dict[str, Any]
Kind = Literal["BackgroundJob", "Job", "Pod", "ConfigMap", "Lease"]


class ClusterError(Exception):
    """A call to the cluster did not do what it was asked to."""


class Conflict(ClusterError):
    """Someone wrote the object since it was read."""


class AlreadyExists(ClusterError):
    """An object of that name exists."""


class NotFound(ClusterError):
    """The object does not exist."""


class NotLeading(ClusterError):
    """The request was not sent: this process does not hold the Lease, or not for long enough."""


class Refused(ClusterError):
    """The server understood and said no. The message is the server's sentence."""


class Unavailable(ClusterError):
    """The server could not answer now."""

    def __init__(self, message: str, retry_after_seconds: float = 0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Expired(ClusterError):
    """The watch cannot go on from this version: list again."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A complete list and the version it was taken at."""

    documents: tuple[Document, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One line of a watch."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    document: Document


class Cluster(Protocol):
    """What the actuator may do. Every call is one request and raises ClusterError."""

    async def create_job(self, manifest: Mapping[str, Any]) -> Document:
        """Create a Job and return it as stored."""
        ...

    async def get_job(self, namespace: str, name: str) -> Document:
        """Read one Job."""
        ...

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        """Delete exactly this Job, its pods in the background."""
        ...

    async def get_background_job(self, key: ObjectKey) -> Document:
        """Read one BackgroundJob."""
        ...

    async def patch_status(self, key: ObjectKey, patch: Mapping[str, Any], resource_version: str) -> Document:
        """Merge-patch the status if the object still has that version; return it as stored."""
        ...

    async def delete_background_job(self, key: ObjectKey, uid: str) -> None:
        """Delete exactly this BackgroundJob."""
        ...

    async def emit(self, event: EmitEvent) -> None:
        """Tell an Event on a BackgroundJob; telling it twice is harmless."""
        ...


class WatchableCluster(Cluster, Protocol):
    """A cluster that can be followed: what an informer needs."""

    def now(self) -> datetime:
        """The cluster's time, which its objects' times are told in."""
        ...

    async def list(self, kind: Kind, *, selector: Mapping[str, str]) -> Listing:
        """Everything of a kind. `selector` holds `labelSelector`, `fieldSelector`, `namespace`."""
        ...

    def watch(
        self, kind: Kind, *, selector: Mapping[str, str], resource_version: str
    ) -> AsyncIterator[WatchEvent]:
        """Changes since that version, bookmarks included; raises Expired when it is too old."""
        ...


class LeaseObject(Protocol):
    """The one Lease of the election. Every call but `now_text` is one request and raises ClusterError."""

    def now_text(self) -> str:
        """The cluster's time as a Lease holds it."""
        ...

    async def get(self) -> Document:
        """Read it."""
        ...

    async def create(self, spec: Mapping[str, Any]) -> Document:
        """Create it and return it as stored."""
        ...

    async def patch(self, spec: Mapping[str, Any], version: str) -> Document:
        """Merge-patch its spec if it still has that version; return it as stored."""
        ...


class Admission(Protocol):
    """The API server's admission, as far as it can be asked."""

    async def accepts(self, version: str) -> bool:
        """Whether it sees this version of the allow-list, or checks nothing at all. Raises ClusterError."""
        ...
