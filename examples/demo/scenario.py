"""The jobs of the demo, and what each of them must come to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backgroundjob import Handle, run_background_job
from backgroundjob.backends import Backend

Handles = Mapping[str, Handle[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One job of the demo."""

    name: str
    class_: str
    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    is_as_expected: Callable[[Handle[Any], Handles], bool]
    explain: Callable[[Handle[Any]], str]

    def submit(self, backend: Backend) -> Handle[Any]:
        """Submit it, as any program would."""
        return run_background_job(
            self.class_, self.method, dict(self.params), name=self.name, backend=backend, **self.options
        )


def _luck(attempts: int) -> str:
    if attempts == 1:
        return "was sent at once: 3 in 5 attempts meet a busy mail server, by chance not this one"
    times = "once" if attempts == 2 else f"{attempts - 1} times"
    return f"met a busy mail server {times}, by chance, and was sent by attempt {attempts}"


def _status(handle: Handle[Any], field_name: str) -> Any:
    return (handle.document.get("status") or {}).get(field_name)


def _time(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))


def _waited_seconds(handle: Handle[Any]) -> float:
    created = _time(handle.document["metadata"]["creationTimestamp"])
    return (_time(_status(handle, "startTime")) - created).total_seconds()


def _succeeded_after(attempts: int) -> Callable[[Handle[Any], Handles], bool]:
    return lambda handle, _: handle.state == "Succeeded" and handle.attempts == attempts


def _high_went_first(handle: Handle[Any], others: Handles) -> bool:
    high = others["high"]
    if not handle.state == high.state == "Succeeded":
        return False
    return _time(_status(handle, "startTime")) >= _time(_status(high, "completionTime"))


def _is_exhausted(handle: Handle[Any], _: Handles) -> bool:
    return (handle.state, handle.reason, handle.attempts) == ("Failed", "RetriesExhausted", 3)


# In the order of their submission: low comes first and starts last.
CASES = (
    Case(
        name="low",
        class_="ReportJob",
        method="build",
        params={"title": "archive"},
        options={"priority": "low"},
        is_as_expected=_high_went_first,
        explain=lambda _: "was submitted first and had to wait: its priority is -100",
    ),
    Case(
        name="email",
        class_="EmailJob",
        method="send",
        params={"to": "ada@example.org", "subject": "Welcome", "failure_percent": 60},
        # All 30 fail once in five million runs.
        options={"retries": 29},
        is_as_expected=lambda handle, _: handle.state == "Succeeded",
        explain=lambda handle: _luck(handle.attempts),
    ),
    Case(
        name="invoice",
        class_="InvoiceJob",
        method="create",
        params={"number": 42},
        is_as_expected=_succeeded_after(2),
        explain=lambda handle: f"failed once, was tried again, and returned {handle.result}",
    ),
    Case(
        name="failing",
        class_="FailingJob",
        method="run",
        is_as_expected=_is_exhausted,
        explain=lambda handle: (
            f"raised {handle.failure().exception_type} at each of its 3 attempts, so no further one follows"
        ),
    ),
    Case(
        name="delayed",
        class_="SeedJob",
        method="users",
        params={"count": 500},
        options={"delay": 5},
        is_as_expected=lambda handle, _: handle.state == "Succeeded" and _waited_seconds(handle) >= 5,
        explain=lambda handle: (
            f"asked for a delay of 5 s, started after {_waited_seconds(handle):.0f} s, "
            f"and returned {handle.result}"
        ),
    ),
    Case(
        name="refused",
        class_="DatabaseJob",
        method="drop",
        is_as_expected=lambda handle, _: (handle.state, handle.reason) == ("Rejected", "NotAllowed"),
        explain=lambda _: "never ran: DatabaseJob.drop is not in the allow-list",
    ),
    Case(
        name="high",
        class_="ReportJob",
        method="build",
        params={"title": "today"},
        options={"priority": "high"},
        is_as_expected=_succeeded_after(1),
        explain=lambda _: "was submitted last and went first: its priority is 100",
    ),
)
