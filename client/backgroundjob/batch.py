"""Many calls of one job, submitted together."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Generic, TypeVar

from backgroundjob.durations import Duration
from backgroundjob.errors import BackgroundJobError, BatchIncomplete, NotFound, NotPossible, StillRunning
from backgroundjob.finish import UNSEEN
from backgroundjob.handle import Handle, seconds_of
from backgroundjob.jobs import JobMethod
from backgroundjob.typed_calls import call_of, split_arguments

R_co = TypeVar("R_co", covariant=True)

Params = Mapping[str, Any] | Sequence[Any]
"""Named arguments of one call, or positional ones."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[R_co]):
    """The handles of many jobs, in the order of their calls."""

    handles: tuple[Handle[R_co], ...]

    def __iter__(self) -> Iterator[Handle[R_co]]:
        return iter(self.handles)

    def __len__(self) -> int:
        return len(self.handles)

    def wait(self, timeout: Duration | None = None) -> "Batch[R_co]":
        """All of them once each has finished, however. Raises StillRunning for the first that has not."""
        if timeout is None:
            return replace(self, handles=tuple(one.wait() for one in self.handles))
        seconds = seconds_of("timeout", timeout)
        end = monotonic() + seconds
        try:
            waited = tuple(one.wait(max(end - monotonic(), 0)) for one in self.handles)
        except StillRunning as error:  # it knows what was left of the time
            raise replace(error, timeout_seconds=seconds) from None
        return replace(self, handles=waited)

    def refresh(self) -> "Batch[R_co]":
        """All of them as they are now. Raises NotFound."""
        return replace(self, handles=tuple(one.refresh() for one in self.handles))

    def cancel(self) -> "Batch[R_co]":
        """Cancel those that have not ended; one that was deleted stays as it was last seen."""
        return replace(self, handles=tuple(_cancelled(one) for one in self.handles))

    @property
    def results(self) -> list[R_co]:
        """What each returned, in order. Raises JobFailed for the first that did not succeed, StillRunning."""
        return [one.result for one in self.handles]

    @property
    def states(self) -> Mapping[str, int]:
        """How many are in each state."""
        return Counter(one.state or UNSEEN for one in self.handles)


def submit_many(method: JobMethod[..., R_co], calls: Iterable[Params]) -> Batch[R_co]:
    """Check all calls, then submit them in order. Before the first: raises InvalidParams, InvalidSpec."""
    checked = [call_of(method, *split_arguments(call)).checked() for call in calls]
    handles: list[Handle[Any]] = []
    for call in checked:
        try:
            handles.append(call.submit())
        except BackgroundJobError as error:
            raise BatchIncomplete(tuple(handles), len(checked), error.message) from error
    return Batch(tuple(handles))


def _cancelled(handle: Handle[R_co]) -> Handle[R_co]:
    try:
        return handle.cancel()
    except NotPossible:
        with suppress(NotFound):
            return handle.refresh()  # it has ended by itself
    except NotFound:
        pass
    return handle  # it is gone: the others are still to be cancelled
