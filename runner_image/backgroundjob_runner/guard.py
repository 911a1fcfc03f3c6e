"""Time and signals: ends an attempt that must end, whatever its code does.

Two things stop an attempt: the end of `timeoutSeconds`, or SIGTERM. Either way the main thread is told
first (`AttemptStopped` is raised in it; an async method's task is cancelled), so that `finally` blocks
run. The process has the grace period, less a margin, to unwind; then a thread of the guard calls
`last_words`, which writes the receipt and leaves by `os._exit`. The same thread bounds what follows a
method that has ended: atexit functions and flushing cannot hold back a receipt that is decided.
"""

from __future__ import annotations

import _thread
import faulthandler
import os
import signal
import time

from backgroundjob_runner.contract import ReceiptOutcome
from backgroundjob_runner.digest import main_thread_stack
from backgroundjob_runner.stopping import AttemptStopped, Stop

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

# SIGINT: Ctrl+C in a terminal is a wish to stop too. SIGBREAK: what Windows has for SIGTERM.
_STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGBREAK") if hasattr(signal, name)
)


class Guard(Stop):
    """Watches one attempt. Made in the main thread."""

    def __init__(
        self, timeout_seconds: float, grace_period_seconds: float, last_words: Callable[[], None]
    ) -> None:
        super().__init__()
        self._timeout_seconds = min(max(timeout_seconds, 0), _thread.TIMEOUT_MAX)
        # The margin is for the receipt; a short grace period keeps a fifth of itself.
        self._unwind_seconds = max(grace_period_seconds - 2, grace_period_seconds * 0.8, 0.1)
        self._last_words = last_words
        self._open = True
        self._told = False
        self._masks: dict[int, set[signal.Signals | int]] = {}
        self._wake = _thread.allocate_lock()
        self._main_thread = _thread.get_ident()

    def start(self) -> None:
        """Take over the signals and start the clock."""
        for number in _STOP_SIGNALS:
            signal.signal(number, self._on_signal)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._hold_signals,
                after_in_parent=self._release_signals,
                after_in_child=self._forget_signals,
            )
        self._wake.acquire()
        _thread.start_new_thread(self._watch, ())

    def close(self) -> None:
        """The method has ended: raise nothing in the main thread any more, and leave soon."""
        self._open = False
        self._wake_clock()

    def _watch(self) -> None:
        if not self._wake.acquire(timeout=self._timeout_seconds) and self.stopped_by is None:
            self.stack_at_timeout = main_thread_stack(self._main_thread)
            self._stopped_by = ReceiptOutcome.TIMEOUT
            _dump_stacks(f"timeoutSeconds={self._timeout_seconds:g} are over; stacks of all threads:\n")
            self._interrupt_main_thread()
        time.sleep(self._unwind_seconds)
        self._last_words()

    def _interrupt_main_thread(self) -> None:
        if self.cancel_task is not None:
            self._tell()
        elif callable(signal.getsignal(signal.SIGTERM)):  # else user code took it away, and it would kill
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(self._main_thread, signal.SIGTERM)  # also ends a blocking system call
            else:
                _thread.interrupt_main(signal.SIGTERM)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.stopped_by is None:
            self._stopped_by = ReceiptOutcome.TERMINATED
            self._wake_clock()
        if self._open and not self._told:
            self._tell(number)

    def _tell(self, number: int = signal.SIGTERM) -> None:
        self._told = True
        if self.cancel_task is None:
            raise AttemptStopped(128 + number)
        self.cancel_task()

    def _wake_clock(self) -> None:
        if self._wake.locked():
            try:
                self._wake.release()
            except RuntimeError:  # the clock's time was over in between
                return

    def _hold_signals(self) -> None:
        """Before a fork: a signal that reaches the child too early would be dropped with our handler."""
        self._masks[_thread.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)

    def _release_signals(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._masks.pop(_thread.get_ident()))

    def _forget_signals(self) -> None:
        """In a forked child: its signals are its own. Process.terminate() must end it."""
        for number in _STOP_SIGNALS:
            if signal.getsignal(number) == self._on_signal:
                default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
                signal.signal(number, default)
        self._release_signals()


def _dump_stacks(title: str) -> None:
    """To stderr, whoever holds which lock. Names of files and functions only, no values."""
    try:
        os.write(2, title.encode())
        faulthandler.dump_traceback(file=2, all_threads=True)
    except OSError:  # user code closed it
        return
