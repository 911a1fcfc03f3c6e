"""How long runs of each method took lately: the basis of an estimate. Rebuilt from the ledgers of a list."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from backgroundjob.api.reasons import Outcome
from backgroundjob_operator.engine.record import BackgroundJobRecord, parse_time

RUNS_KEPT: Final = 50
"""Of each method. Old runs say little about the next."""


@dataclass(frozen=True, slots=True)
class Typical:
    """Mean duration and the number of runs that it rests on."""

    seconds: float
    runs: int


class History:
    """The last durations by `class.method`, of attempts that succeeded: Job created to end."""

    def __init__(self) -> None:
        self._seconds: dict[str, deque[float]] = {}
        self._noted: dict[str, int] = {}
        """By uid: the highest attempt number that was counted."""

    def note(self, record: BackgroundJobRecord) -> None:
        """Count the attempts of an object that have succeeded and were not counted yet."""
        known = self._noted.get(record.uid, 0)
        method = f"{record.class_name}.{record.method}"
        for attempt in record.attempts:
            number = int(attempt["number"])
            if number <= known or attempt.get("outcome") != Outcome.SUCCEEDED or "startTime" not in attempt:
                continue
            took = parse_time(attempt["finishTime"]) - parse_time(attempt["startTime"])
            self._seconds.setdefault(method, deque(maxlen=RUNS_KEPT)).append(took.total_seconds())
            self._noted[record.uid] = number

    def forget(self, uid: str) -> None:
        """The object is gone; its durations stay."""
        self._noted.pop(uid, None)

    def typical(self, method: str) -> Typical | None:
        """The method's mean, or None before its first success."""
        seconds = self._seconds.get(method)
        return None if not seconds else Typical(sum(seconds) / len(seconds), len(seconds))
