"""How an attempt is told to stop, and how its code learns of it."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable

    from backgroundjob_runner.outcomes import ReceiptOutcome


class AttemptStopped(SystemExit):
    """Raised in user code when its attempt must stop.

    A SystemExit, since that is what the usual `signal.signal(SIGTERM, lambda *_: sys.exit())` raises:
    asyncio, concurrent.futures and test tools let it through, `except Exception` does too.
    """


class Stop:
    """Whether an attempt must stop. Nobody tells this one; the guard of a process is one that is told."""

    stack_at_timeout = ""

    def __init__(self) -> None:
        self._stopped_by: ReceiptOutcome | None = None
        self.cancel_task: Callable[[], object] | None = None
        """Set while an async method runs: cancels it, from any thread."""

    @property
    def stopped_by(self) -> ReceiptOutcome | None:
        """TIMEOUT or TERMINATED, whichever came first; None while the attempt may run."""
        return self._stopped_by
