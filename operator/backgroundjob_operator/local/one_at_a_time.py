"""Who runs jobs now: one thread at a time, and never itself again from inside a job."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_entered: ContextVar[tuple["OneAtATime", ...]] = ContextVar("backgroundjob_inline", default=())


class OneAtATime:
    """A lock that knows whether the caller is inside it, in threads that copied the context too."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holder: int | None = None

    @property
    def is_inside(self) -> bool:
        """Whether this is called by what the holder runs."""
        return self._holder is not None and (self._holder == threading.get_ident() or self in _entered.get())

    @contextmanager
    def entered(self, *, wait: bool) -> Iterator[bool]:
        """Hold it for the block; False when somebody else does and one is not to wait."""
        with self._changed:
            while wait and self._holder is not None:
                self._changed.wait()
            is_free = self._holder is None
            if is_free:
                self._holder = threading.get_ident()
        if not is_free:
            yield False
            return
        token = _entered.set((*_entered.get(), self))
        try:
            yield True
        finally:
            _entered.reset(token)
            with self._changed:
                self._holder = None
                self._changed.notify_all()

    def tell(self) -> None:
        """Wake those who wait for news."""
        with self._changed:
            self._changed.notify_all()

    def wait_for_news(self, timeout_seconds: float | None) -> None:
        """Until somebody tells, or leaves; at once when nobody is in."""
        with self._changed:
            if self._holder is not None:
                self._changed.wait(timeout_seconds)
