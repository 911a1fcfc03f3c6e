"""Running an async method to its end. Imported only by attempts that have one."""

from __future__ import annotations

import asyncio
import contextvars
import threading

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from backgroundjob_runner.stopping import Stop


def run(coroutine: Coroutine[Any, Any, Any], stop: Stop) -> Any:
    """What the coroutine returns or raises. While it runs, `stop.cancel_task` ends it.

    A loop that runs in this thread already, a caller's own, lets no second one in: then a thread does it.
    """

    async def supervise() -> Any:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        if task is not None:
            stop.cancel_task = lambda: loop.call_soon_threadsafe(task.cancel)
        try:
            return await coroutine
        finally:
            stop.cancel_task = None

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        # As asyncio.run, which would also take away the loop that a caller has set for this thread.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(supervise())
    return _run_in_thread(supervise(), stop)


def _run_in_thread(coroutine: Coroutine[Any, Any, Any], stop: Stop) -> Any:
    values: list[Any] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            values.append(asyncio.run(coroutine))
        except BaseException as error:  # noqa: BLE001  it is raised again in the thread that waits
            errors.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="backgroundjob-async")
    thread.start()
    try:
        thread.join()
    except BaseException:  # Ctrl+C
        if stop.cancel_task is not None:
            stop.cancel_task()
        thread.join()
        raise
    if errors:
        raise errors[0]
    return values[0]
