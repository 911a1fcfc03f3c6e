"""Why an object does not run: state, reason and sentence; its position and an estimate with its basis.

Computed on request and never written: position and estimate change with every other object.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backgroundjob_operator.engine.history import History, Typical
from backgroundjob_operator.engine.record import BackgroundJobRecord
from backgroundjob_operator.engine.status import duration_text
from backgroundjob_operator.engine.usage import Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An attempt that uses up the limit somebody waits for."""

    method: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What a waiting object waits for: the limit, who runs under it, who goes first."""

    hold: Hold
    running: tuple[Running, ...]
    ahead: tuple[str, ...]
    """Methods of those that go before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Seconds until the start, and the number of runs that this rests on."""

    seconds: int
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The answer to `bgjob why`."""

    name: str
    state: str
    reason: str
    message: str
    wait: Wait | None = None
    estimate: Estimate | None = None

    @property
    def sentence(self) -> str:
        """One sentence for people."""
        if self.wait is None:
            return f"{self.name} is {self.state} ({self.reason}): {self.message}"
        hold = self.wait.hold
        text = f"{self.name} waits: {len(self.wait.ahead)} ahead in {hold.group}, limit {hold.limit}"
        if self.estimate is None:
            return f"{text}, no estimate yet"
        about = duration_text(timedelta(seconds=self.estimate.seconds))
        return f"{text}, about {about} by the last {self.estimate.runs} runs"


def explain(record: BackgroundJobRecord, wait: Wait | None, history: History, now: datetime) -> Why:
    """The answer for an object; `wait` is None unless a limit holds it back at this moment."""
    status = record.status
    return Why(
        name=record.key.name,
        state=status.get("state", "Waiting" if wait is None else "Queued"),
        reason=wait.hold.reason if wait is not None else status.get("reason", "Starting"),
        message=status.get("message", "nothing is written about it yet: it was just created or just started"),
        wait=wait,
        estimate=_estimate(wait, history, now) if wait is not None else None,
    )


def _estimate(wait: Wait, history: History, now: datetime) -> Estimate | None:
    """The work in front of it, shared by the slots: the rest of those that run, and those ahead."""
    known = _known([*(one.method for one in wait.running), *wait.ahead], history)
    if not known or wait.hold.limit == 0:
        return None
    runs = sum(typical.runs for typical in known.values())
    # A method that never succeeded is taken to last as long as the others.
    fallback = sum(typical.seconds * typical.runs for typical in known.values()) / runs

    def mean(method: str) -> float:
        return known[method].seconds if method in known else fallback

    left = sum(max(0.0, mean(one.method) - (now - one.since).total_seconds()) for one in wait.running)
    work = left + sum(mean(method) for method in wait.ahead)
    return Estimate(seconds=round(work / wait.hold.limit), runs=runs)


def _known(methods: Iterable[str], history: History) -> dict[str, Typical]:
    found = {method: history.typical(method) for method in methods}
    return {method: typical for method, typical in found.items() if typical is not None}
