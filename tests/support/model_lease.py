"""A Lease in memory with versions and conflicts, seen by several electors over one virtual clock."""

from collections.abc import Callable, Mapping
from typing import Any

from backgroundjob_operator.cluster.port import AlreadyExists, Conflict, Document, NotFound, Unavailable
from backgroundjob_operator.engine.leadership import Identity, LeaseTimes
from backgroundjob_operator.runtime.elector import Elector


class ModelLease:
    """Implements the operator's `LeaseObject` port. `now` is monotonic seconds, the same for everybody."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.version = 0
        self.stored: Document | None = None
        self.calls: list[str] = []
        self.before_the_answer: Callable[[], None] = lambda: None
        """What happens between a write and its answer."""
        self.faults: list[bool] = []
        """One for each call to come that gets no answer: whether it takes effect all the same."""

    def now_text(self) -> str:
        return f"t-{self.now}"

    async def get(self) -> Document:
        self.calls.append("get")
        return self._copy()

    async def create(self, spec: Mapping[str, Any]) -> Document:
        self.calls.append("create")
        if self.stored is not None and not self.faults:
            raise AlreadyExists('leases "operator" already exists')
        return self._written(dict(spec), is_allowed=self.stored is None)

    async def patch(self, spec: Mapping[str, Any], version: str) -> Document:
        self.calls.append("patch")
        if not self.faults:
            if self.stored is None:
                raise NotFound('leases "operator" not found')
            if self.stored["metadata"]["resourceVersion"] != version:
                raise Conflict("the object has been modified")
        is_allowed = self.stored is not None and self.stored["metadata"]["resourceVersion"] == version
        before = self.stored["spec"] if self.stored else {}
        return self._written({**before, **spec}, is_allowed=is_allowed)

    def write(self, **spec: Any) -> None:
        """As somebody with kubectl would."""
        before = self.stored["spec"] if self.stored else {}
        self._store({**before, **spec})

    def delete(self) -> Document:
        """As somebody with kubectl would; the document that the watch brings."""
        assert self.stored is not None
        gone, self.stored = self.stored, None
        self.version += 1
        return {**gone, "metadata": {"resourceVersion": str(self.version)}}

    @property
    def holder(self) -> str:
        """As stored."""
        return str(self.stored["spec"].get("holderIdentity", "")) if self.stored else ""

    def _written(self, spec: dict[str, Any], *, is_allowed: bool) -> Document:
        if self.faults:
            if self.faults.pop(0) and is_allowed:
                self._store(spec)
            raise Unavailable("no answer")
        self._store(spec)
        answer = self._copy()
        self.before_the_answer()
        return answer

    def _store(self, spec: dict[str, Any]) -> None:
        self.version += 1
        self.stored = {"metadata": {"resourceVersion": str(self.version)}, "spec": spec}

    def _copy(self) -> Document:
        if self.stored is None:
            raise NotFound('leases "operator" not found')
        return {"metadata": dict(self.stored["metadata"]), "spec": dict(self.stored["spec"])}


def elector(lease: ModelLease, name: str, pod_uid: str = "", life: str = "1") -> Elector:
    """One with the usual times: 15, 10 and 2 s."""
    return Elector(lease, Identity(name, pod_uid, life), LeaseTimes(), clock=lambda: lease.now)


def tell(lease: ModelLease, *electors: Elector) -> None:
    """The watch brings the Lease as it is."""
    for one in electors:
        if lease.stored is not None:
            one.observe("MODIFIED", lease.stored)
