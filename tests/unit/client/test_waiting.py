"""Waiting and following, on top of the changes that a backend tells."""

import asyncio
import threading
from collections.abc import AsyncIterator, Generator
from typing import Any
from weakref import WeakSet

import pytest

from backgroundjob import aio
from backgroundjob.backends import Change
from backgroundjob.errors import JobCancelled, JobFailed, JobRejected, NotFound, StillRunning
from backgroundjob.handle import Handle
from backgroundjob.testing import InMemoryBackend


def job(state: str, uid: str = "u1", **status: Any) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": "mine", "uid": uid, "resourceVersion": "1"}
    return {"metadata": metadata, "spec": {}, "status": {"state": state, **status}}


class Scripted(InMemoryBackend):
    """Tells these changes, then nothing more."""

    def __init__(self, *changes: Change) -> None:
        super().__init__()
        self.script = changes
        self.timeouts: list[float | None] = []
        self.closed = False

    def changes(
        self, namespace: str | None, name: str | None = None, *, timeout_seconds: float | None = None
    ) -> Generator[Change, None, None]:
        self.timeouts.append(timeout_seconds)
        try:
            yield from self.script
        finally:
            self.closed = True


def handle(*changes: Change) -> Handle[Any]:
    return Handle.of(Scripted(*changes), job("Queued"))


def told(*states: str) -> list[Change]:
    return [Change("MODIFIED", job(state)) for state in states]


def test_waiting_ends_with_the_first_end() -> None:
    following = handle(*told("Running", "Succeeded", "Running"))
    assert following.wait("5m").state == "Succeeded"
    backend = following.backend
    assert isinstance(backend, Scripted)
    assert (backend.timeouts, backend.closed) == ([300.0], True)


def test_a_wait_that_is_over_says_where_the_job_stands() -> None:
    with pytest.raises(StillRunning) as caught:
        handle(Change("ADDED", job("Waiting", reason="NotYetDue"))).wait(3)
    assert str(caught.value) == (
        "shop/mine is still Waiting (NotYetDue) after 3 s; it goes on; "
        "what it waits for: bgjob why mine --namespace shop"
    )
    assert isinstance(caught.value, TimeoutError)


def test_a_result_asked_for_too_early_is_the_same_error() -> None:
    with pytest.raises(StillRunning, match=r"shop/mine is still Queued and has no result yet"):
        _ = handle().result


@pytest.mark.parametrize("change", [Change("DELETED", job("Running")), Change("ADDED", job("Running", "u2"))])
def test_a_job_that_is_deleted_or_replaced_while_it_is_waited_for_is_not_found(change: Change) -> None:
    with pytest.raises(NotFound, match="shop/mine"):
        handle(*told("Running"), change).wait()


class Told(dict[str, Any]):
    """A document whose end can be seen."""

    __hash__ = object.__hash__  # type: ignore[assignment]


class Long(Scripted):
    """Tells a thousand changes, and counts how many are kept meanwhile."""

    most_kept = 0

    def changes(self, *_: Any, **__: Any) -> Generator[Change, None, None]:
        kept = WeakSet[Told]()
        for number in range(1000):
            document = Told(job("Succeeded" if number == 999 else "Running", number=number))
            kept.add(document)
            self.most_kept = max(self.most_kept, len(kept))
            yield Change("MODIFIED", document)


def test_a_long_wait_keeps_only_what_it_has_last_seen() -> None:
    backend = Long()
    following: Handle[Any] = Handle.of(backend, job("Queued"))
    assert following.wait().done
    assert backend.most_kept < 10


def test_events_are_what_people_see_change() -> None:
    following = handle(
        Change("ADDED", job("Queued")),
        Change("MODIFIED", job("Queued", jobName="hidden")),
        Change("MODIFIED", job("Running", attemptCount=0)),
        Change("MODIFIED", job("Retrying", attemptCount=1, nextRetryTime="2026-01-01T00:00:00Z")),
        Change("MODIFIED", job("Retrying", attemptCount=1, nextRetryTime="2026-01-01T00:00:00Z")),
        Change("MODIFIED", job("Succeeded", attemptCount=2)),
    )
    assert [seen.state for seen in following.events()] == ["Queued", "Running", "Retrying", "Succeeded"]


@pytest.mark.parametrize(
    ("state", "error"), [("Failed", JobFailed), ("Cancelled", JobCancelled), ("Rejected", JobRejected)]
)
def test_the_error_says_how_it_ended(state: str, error: type[JobFailed]) -> None:
    with pytest.raises(JobFailed) as caught:
        _ = handle(*told(state)).wait().result
    assert type(caught.value) is error


async def test_the_same_can_be_awaited() -> None:
    following = handle(*told("Queued", "Running", "Succeeded"))
    assert (await following.aio.wait(timeout=10)).state == "Succeeded"
    assert [seen.state async for seen in following.aio.events()] == ["Queued", "Running", "Succeeded"]
    assert await following.aio.result() is None


async def test_awaiting_raises_what_waiting_raises() -> None:
    with pytest.raises(StillRunning, match="after 0 s"):
        await handle(*told("Running")).aio.wait(timeout=0)
    with pytest.raises(NotFound):
        await handle(Change("DELETED", job("Running"))).aio.wait()


@pytest.mark.parametrize("given", [None, 3600])
async def test_awaiting_ends_where_the_backend_tells_no_more(given: float | None) -> None:
    following = handle(*told("Running"))
    with pytest.raises(StillRunning, match=f"after {given or 0} s"):
        await asyncio.wait_for(following.aio.wait(given), 5)
    with pytest.raises(StillRunning, match=f"after {given or 0} s"):
        following.wait(given)


def test_a_loop_that_is_closed_ends_the_threads_of_its_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(Scripted):
        """Has nothing to tell until its time is over."""

        def changes(self, *_: Any, timeout_seconds: float | None = None) -> Generator[Change, None, None]:
            yield Change("ADDED", job("Running"))
            threading.Event().wait(timeout_seconds)

    async def first(events: AsyncIterator[Handle[Any]]) -> str:
        return (await anext(events)).state

    monkeypatch.setattr(aio, "_ROUND_SECONDS", 0.01)
    before, loop = set(threading.enumerate()), asyncio.new_event_loop()
    silent: Handle[Any] = Handle.of(Silent(), job("Queued"))
    events = silent.aio.events()
    assert loop.run_until_complete(first(events)) == "Running"
    loop.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()


async def test_whatever_ends_the_changes_ends_the_await() -> None:
    class Ended(Scripted):
        """A fake that a test forbids to follow."""

        def changes(self, *_: Any, **__: Any) -> Generator[Change, None, None]:
            pytest.fail("nobody was to wait")

    following: Handle[Any] = Handle.of(Ended(), job("Queued"))
    with pytest.raises(pytest.fail.Exception, match="nobody was to wait"):
        await asyncio.wait_for(following.aio.wait(), 5)


async def test_a_backend_that_raises_stop_iteration_ends_the_await() -> None:
    class Exhausted(Scripted):
        """As a mock without answers left."""

        def get(self, *_: Any) -> dict[str, Any]:
            raise StopIteration

    following: Handle[Any] = Handle.of(Exhausted(), job("Queued"))
    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(following.aio.refresh(), 5)
