"""One line of `bgjob doctor`, and how a check that breaks becomes one."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from backgroundjob.errors import BackgroundJobError


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """Worth a look; or it could not be checked, which the text says."""
    PROBLEM = "problem"
    """Jobs do not run as they should until somebody acts."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it stands, and what to do unless it is ok."""

    name: str
    verdict: Verdict
    text: str
    next_step: str = ""

    def to_document(self) -> dict[str, str]:
        """As `bgjob doctor -o json` prints it."""
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "text": self.text,
            "nextStep": self.next_step,
        }


def ok(name: str, text: str) -> Check:
    """Nothing to do."""
    return Check(name, Verdict.OK, text)


def warning(name: str, text: str, next_step: str = "") -> Check:
    """Worth a look."""
    return Check(name, Verdict.WARNING, text, next_step)


def problem(name: str, text: str, next_step: str = "") -> Check:
    """To be mended."""
    return Check(name, Verdict.PROBLEM, text, next_step)


def not_checked(name: str, why: str, next_step: str = "") -> Check:
    """Nothing is known of it: `why` ends the sentence."""
    return warning(name, f"not checked: {why}", next_step)


def guarded(name: str, step: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """The checks of one step. What breaks in it is one more line, and the next step goes on."""
    try:
        yield from step()
    except BackgroundJobError as error:
        yield problem(name, error.message, error.next_step)
    except Exception as error:  # noqa: BLE001  whoever is paged needs the other lines, and no traceback
        yield problem(name, f"cannot be checked: {type(error).__name__}", "a defect of bgjob: report it")
