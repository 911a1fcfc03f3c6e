"""What a submission gives back: a name, a snapshot of the job, and the verbs to follow it."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from backgroundjob.api.reasons import UNSUCCESSFUL_STATES, State
from backgroundjob.backends import Backend, Document, select_backend
from backgroundjob.durations import Duration, exact_seconds
from backgroundjob.errors import InvalidSpec, JobCancelled, JobFailed, JobRejected, NotFound
from backgroundjob.finish import is_finished, still_running
from backgroundjob.verbs import Verb, apply
from backgroundjob.waiting import follow
from backgroundjob.why import Why

if TYPE_CHECKING:
    from backgroundjob.aio import AsyncHandle

R_co = TypeVar("R_co", covariant=True)

_FAILURES: Final[Mapping[str, type[JobFailed]]] = {
    State.CANCELLED: JobCancelled,
    State.REJECTED: JobRejected,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle(Generic[R_co]):
    """One BackgroundJob as it was last seen. Reading a property asks nobody; `refresh` and `wait` do."""

    backend: Backend = field(repr=False, compare=False)
    namespace: str
    name: str
    uid: str
    document: Document = field(repr=False, compare=False)
    """The whole object as it was last seen."""

    @classmethod
    def of(cls, backend: Backend, document: Document) -> "Handle[R_co]":
        """The handle of an object that a backend answered."""
        metadata = document["metadata"]
        return cls(
            backend=backend,
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata.get("uid", ""),
            document=document,
        )

    @classmethod
    def get(
        cls, name: str, *, namespace: str | None = None, backend: Backend | str | None = None
    ) -> "Handle[R_co]":
        """The handle of a job that was submitted elsewhere. Raises NotFound."""
        chosen = select_backend(backend)
        return cls.of(chosen, chosen.get(namespace or chosen.default_namespace, name))

    def refresh(self) -> "Handle[R_co]":
        """The same job as it is now. Raises NotFound, also when the name now belongs to a later object."""
        return self._seen(self.backend.get(self.namespace, self.name))

    def wait(self, timeout: Duration | None = None) -> "Handle[R_co]":
        """The job once it has finished, however it ended. None waits for ever.

        Raises StillRunning, after which the job goes on, and NotFound.
        """
        return deque(self._follow(timeout), maxlen=1).pop()

    def events(self, timeout: Duration | None = None) -> "Iterator[Handle[R_co]]":
        """The job as it is, then as it is after each change that people see; the last one has finished.

            for seen in handle.events():
                print(seen.state, seen.reason)

        By a watch where the backend has one. Raises StillRunning, NotFound.
        """
        shown: tuple[Any, ...] | None = None
        for seen in self._follow(timeout):
            if seen.done or seen.appearance != shown:
                shown = seen.appearance
                yield seen

    def logs(
        self, *, attempt: int | None = None, follow: bool = False, errors: bool = False
    ) -> Iterator[str]:
        """Lines of the newest attempt, or of the one named. Raises LogsUnavailable."""
        return self.backend.logs(self.namespace, self.name, attempt=attempt, follow=follow, errors=errors)

    def delete(self) -> None:
        """Remove the job and all it owns; what still runs is stopped. Raises NotFound, as refresh."""
        self.refresh()  # a later object of the same name must stay
        self.backend.delete(self.namespace, self.name)

    def cancel(self) -> "Handle[R_co]":
        """Stop it now: what runs gets SIGTERM, then the grace period. NotPossible once it has ended."""
        return self._done(Verb.CANCEL)

    def suspend(self) -> "Handle[R_co]":
        """Start nothing new; what runs goes on. Raises NotPossible once it has ended."""
        return self._done(Verb.SUSPEND)

    def resume(self) -> "Handle[R_co]":
        """Take `suspend` back."""
        return self._done(Verb.RESUME)

    def retry(self) -> "Handle[R_co]":
        """Run it again with fresh budgets; the history stays. Raises NotPossible until it has ended."""
        return self._done(Verb.RETRY)

    def why(self) -> Why:
        """Why it does not run yet: position and estimate, as they are at this moment."""
        return self.backend.why(self.namespace, self.name)

    @property
    def state(self) -> str:
        """One word of backgroundjob.api.reasons.State; empty until the operator has seen the job."""
        return str(self._status.get("state") or "")

    @property
    def reason(self) -> str:
        """Why it is in this state, in CamelCase; see backgroundjob.api.reasons."""
        return str(self._status.get("reason") or "")

    @property
    def message(self) -> str:
        """The operator's sentence about it."""
        return str(self._status.get("message") or "")

    @property
    def attempts(self) -> int:
        """Charged attempts so far."""
        return int(self._status.get("attemptCount") or 0)

    @property
    def done(self) -> bool:
        """Whether it has finished, however."""
        return is_finished(self.document)

    @property
    def appearance(self) -> tuple[Any, ...]:
        """What people see of it: two handles with an equal one look the same."""
        fields = ("state", "reason", "attemptCount", "disruptionCount", "nextRetryTime", "progress")
        return tuple(self._status.get(field) for field in fields)

    @property
    def aio(self) -> "AsyncHandle[R_co]":
        """The verbs that ask somebody, to be awaited: `await handle.aio.wait(timeout=60)`."""
        from backgroundjob.aio import AsyncHandle  # noqa: PLC0415  asyncio is not for everybody

        return AsyncHandle(self)

    @property
    def result(self) -> R_co:
        """What the method returned. Raises StillRunning before its end.

        Raises JobFailed when it did not succeed: JobCancelled and JobRejected where that is why.
        """
        if not self.done:
            raise still_running(self.document)
        if self.state in UNSUCCESSFUL_STATES:
            raise self.failure()
        return cast("R_co", self._status.get("result"))

    def failure(self) -> JobFailed:
        """The failure as an error, with the exception of the newest attempt that has one."""
        exceptions = [
            attempt["exception"] for attempt in self._status.get("attempts") or () if attempt.get("exception")
        ]
        exception: dict[str, Any] = exceptions[-1] if exceptions else {}
        return _FAILURES.get(self.state, JobFailed)(
            namespace=self.namespace,
            name=self.name,
            state=self.state,
            reason=self.reason,
            detail=self.message,
            attempts=self.attempts,
            exception_type=exception.get("type") or "",
            exception_message=exception.get("message") or "",
            traceback=exception.get("traceback") or "",
        )

    @property
    def _status(self) -> dict[str, Any]:
        return self.document.get("status") or {}

    def _done(self, verb: Verb) -> "Handle[R_co]":
        document, _ = apply(self.backend, self.namespace, self.name, verb, uid=self.uid)
        return self._seen(document)

    def _follow(self, timeout: Duration | None) -> "Iterator[Handle[R_co]]":
        seconds = None if timeout is None else seconds_of("timeout", timeout)
        for document in follow(
            self.backend, self.namespace, self.name, uid=self.uid, timeout_seconds=seconds
        ):
            yield replace(self, document=document)

    def _seen(self, document: Document) -> "Handle[R_co]":
        if self.uid and document["metadata"].get("uid") != self.uid:
            raise NotFound(self.namespace, self.name)
        return replace(self, document=document)


def seconds_of(option: str, duration: Duration) -> float:
    """Seconds, fractions kept. Raises InvalidSpec, which names the option."""
    try:
        return exact_seconds(duration)
    except ValueError as error:
        raise InvalidSpec(option, str(error)) from error
