"""An engine inside a process that waits for a job, when no other engine runs."""

import asyncio
import contextlib
import threading

from backgroundjob_operator.local.engine import EngineBusy, LocalEngine
from backgroundjob_operator.local.locks import is_taken
from backgroundjob_operator.local.state import LocalOptions


class EngineThread:
    """Runs an engine in a thread of its own whenever nobody else serves the state directory."""

    def __init__(self, options: LocalOptions) -> None:
        self._options = options
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._error: BaseException | None = None

    def ensure(self) -> None:
        """See to it that an engine runs, here or elsewhere. Raises what broke ours."""
        if self._error is not None:
            raise self._error
        if self._thread is not None and self._thread.is_alive():
            return
        if is_taken(self._options.state.engine_lock):
            return
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._main, args=(ready,), name="backgroundjob-engine", daemon=True
        )
        self._thread.start()
        ready.wait()

    def close(self) -> None:
        """Stop ours, if there is one. Its attempts go on."""
        if self._thread is None:
            return
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it has just ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._thread = None

    def _main(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except EngineBusy:
            pass  # somebody was faster
        except BaseException as error:  # noqa: BLE001  it is raised again in the thread that waits
            self._error = error
        finally:
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with LocalEngine(self._options) as engine:
            ready.set()
            engine_ends = asyncio.create_task(engine.run())
            stop = asyncio.create_task(self._stop.wait())
            done, pending = await asyncio.wait({engine_ends, stop}, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            if engine_ends in done:
                engine_ends.result()
