"""The verbs of a handle, and `later`, for asyncio: each call has a thread of its own while it asks.

Threads, because the Kubernetes client is a blocking one; of their own, because a hundred waits would fill
the loop's executor. An await that is cancelled returns at once; its connection closes within 30 s.
"""

import asyncio
import contextlib
import contextvars
import dataclasses
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any, Generic, ParamSpec, TypeVar

from backgroundjob.batch import Batch, Params
from backgroundjob.durations import Duration
from backgroundjob.errors import StillRunning
from backgroundjob.handle import Handle, seconds_of
from backgroundjob.jobs import JobMethod

T = TypeVar("T")
P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

_ROUND_SECONDS = 30.0
"""A thread whose await was cancelled lives on for at most this long."""


@dataclass(frozen=True, slots=True)
class AsyncHandle(Generic[R_co]):
    """`handle.aio`: as the verbs of Handle, to be awaited."""

    handle: Handle[R_co]

    async def refresh(self) -> Handle[R_co]:
        """As Handle.refresh."""
        return await in_thread(self.handle.refresh)

    async def wait(self, timeout: Duration | None = None) -> Handle[R_co]:  # noqa: ASYNC109  as Handle.wait
        """As Handle.wait."""
        last = self.handle
        async for seen in self.events(timeout):
            last = seen
        return last

    async def result(self, timeout: Duration | None = None) -> R_co:  # noqa: ASYNC109  as wait
        """Wait, then what the method returned. Raises JobFailed, StillRunning, NotFound."""
        return (await self.wait(timeout)).result

    async def events(self, timeout: Duration | None = None) -> AsyncIterator[Handle[R_co]]:  # noqa: ASYNC109
        """As Handle.events."""
        told: asyncio.Queue[Handle[R_co] | BaseException] = asyncio.Queue()
        loop, stopped = asyncio.get_running_loop(), threading.Event()

        def tell(what: Handle[R_co] | BaseException) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(told.put_nowait, what)

        def is_wanted() -> bool:
            return not (stopped.is_set() or loop.is_closed())

        _in_background(lambda: _relay(self.handle, timeout, tell, is_wanted))
        try:
            while True:
                what = await told.get()
                if isinstance(what, BaseException):
                    raise what
                yield what
                if what.done:
                    return
        finally:
            stopped.set()

    async def cancel(self) -> Handle[R_co]:
        """As Handle.cancel."""
        return await in_thread(self.handle.cancel)

    async def suspend(self) -> Handle[R_co]:
        """As Handle.suspend."""
        return await in_thread(self.handle.suspend)

    async def resume(self) -> Handle[R_co]:
        """As Handle.resume."""
        return await in_thread(self.handle.resume)

    async def retry(self) -> Handle[R_co]:
        """As Handle.retry."""
        return await in_thread(self.handle.retry)

    async def delete(self) -> None:
        """As Handle.delete."""
        await in_thread(self.handle.delete)


async def in_thread(function: Callable[[], T]) -> T:
    """What the function returns or raises, from a thread of its own, in the caller's context."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def tell(deliver: Callable[[Any], None], what: object) -> None:
        if not answer.done():  # the await was cancelled
            deliver(what)

    def work() -> None:
        try:
            found = function()
        except StopIteration as error:  # a future takes none: the await would have no end
            refused = RuntimeError("StopIteration was raised where nothing iterates")
            refused.__cause__ = error
            outcome: tuple[Callable[[Any], None], object] = (answer.set_exception, refused)
        except BaseException as error:  # noqa: BLE001  it is raised where it is awaited
            outcome = (answer.set_exception, error)
        else:
            outcome = (answer.set_result, found)
        try:
            loop.call_soon_threadsafe(tell, *outcome)
        except RuntimeError:
            return  # the loop has ended meanwhile

    _in_background(work)
    return await answer


def _in_background(work: Callable[[], object]) -> None:
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="backgroundjob-await", daemon=True).start()


def _relay(
    handle: Handle[R_co],
    timeout: Duration | None,
    tell: Callable[[Handle[R_co] | BaseException], None],
    is_wanted: Callable[[], bool],
) -> None:
    """Tell each event, or what ended them, in rounds that are short enough to notice a cancelled await."""
    shown: tuple[Any, ...] | None = None
    try:
        seconds = inf if timeout is None else seconds_of("timeout", timeout)
        end = time.monotonic() + seconds
        while is_wanted():
            round_seconds = min(max(end - time.monotonic(), 0), _ROUND_SECONDS)
            round_end = time.monotonic() + round_seconds
            try:
                for seen in handle.events(round_seconds):
                    if not is_wanted():
                        return
                    if seen.done or seen.appearance != shown:
                        shown = seen.appearance
                        tell(seen)
            except StillRunning as error:
                # Before the end of its round: this backend tells no more, as one that runs nothing.
                if not round_end <= time.monotonic() < end:
                    waited = 0 if timeout is None else seconds
                    raise dataclasses.replace(error, timeout_seconds=waited) from None
            else:
                return
    except BaseException as error:  # noqa: BLE001  it is raised where it is awaited
        tell(error)


@dataclass(frozen=True, slots=True)
class AsyncJobMethod(Generic[P, R_co]):
    """`EmailJob.send.aio`: submitting, to be awaited."""

    method: JobMethod[P, R_co]

    async def later(self, *args: P.args, **kwargs: P.kwargs) -> Handle[R_co]:
        """As JobMethod.later."""
        return await in_thread(lambda: self.method.later(*args, **kwargs))

    async def many(self, calls: Iterable[Params]) -> Batch[R_co]:
        """As JobMethod.many."""
        return await in_thread(lambda: self.method.many(calls))
