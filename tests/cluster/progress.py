"""Says what is going on and for how long: one updating line on a terminal, else a line every 15 seconds."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

LINE_EVERY_SECONDS = 15.0
_TICK_SECONDS = 0.5


class Progress:
    """Prints to standard error, so that the output of a command stays the command's."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._given_stream = stream
        self._clock = clock
        self._started = clock()
        self._printed = clock()
        self._label = ""

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """One step; when it ends well its line says how long it took."""
        self._label, self._started = label, self._clock()
        self._printed = self._started
        self._line(f"{label} …", final=not self._terminal)
        ended = threading.Event()
        ticking = threading.Thread(target=self._tick_until, args=(ended,), daemon=True)
        ticking.start()
        result = "stopped after"
        try:
            yield
            result = "took"
        finally:
            ended.set()
            ticking.join()
            self._line(f"{label}: {result} {self._clock() - self._started:.1f} s", final=True)

    def _tick_until(self, ended: threading.Event) -> None:
        while not ended.wait(_TICK_SECONDS):
            self.tick()

    def tick(self) -> None:
        """Say how long the step has lasted, unless that was said just now."""
        now = self._clock()
        if self._terminal or now - self._printed >= LINE_EVERY_SECONDS:
            self._printed = now
            self._line(f"{self._label} … {now - self._started:.0f} s", final=not self._terminal)

    def say(self, text: str) -> None:
        self._line(text, final=True)

    @property
    def _stream(self) -> TextIO:
        """Looked up each time: pytest exchanges standard error while it captures."""
        return self._given_stream or sys.stderr

    @property
    def _terminal(self) -> bool:
        return self._stream.isatty()

    def _line(self, text: str, *, final: bool) -> None:
        clear = "\r\x1b[K" if self._terminal else ""
        self._stream.write(f"{clear}{text}" + ("\n" if final else ""))
        self._stream.flush()
