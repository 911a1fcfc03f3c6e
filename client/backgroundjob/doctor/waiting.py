"""Jobs that wait longer than they should, by reason."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from backgroundjob.api.reasons import Reason
from backgroundjob.backends import Document
from backgroundjob.doctor.check import Check, ok, problem, warning
from backgroundjob.durations import parsed_time
from backgroundjob.finish import is_finished

JOBS: Final = "jobs"
STARTING_SECONDS: Final = 600
UNSEEN_SECONDS: Final = 60
_UNSEEN: Final = "not seen by the operator"
_AT_ONCE: Final = frozenset(
    {Reason.ALLOW_LIST_UNAVAILABLE, Reason.QUOTA_EXCEEDED, Reason.IMAGE_PULL, Reason.UNSCHEDULABLE}
)
"""Reasons that no job has for long when all is well."""
_NAMES_SHOWN: Final = 3


def waiting_checks(documents: Iterable[Document], now: datetime, where: str) -> Iterator[Check]:
    """One line for each reason, with the jobs that have it; one line when there is none."""
    found: dict[str, list[Document]] = {}
    count = 0
    for document in documents:
        count += 1
        reason = _stuck(document, now)
        if reason:
            found.setdefault(reason, []).append(document)
    jobs = "1 job" if count == 1 else f"{count} jobs"
    if not found:
        yield ok(JOBS, f"none of {jobs} {where} waits longer than it should")
    for reason, stuck in sorted(found.items()):
        yield _told(reason, sorted(stuck, key=_key))


def _stuck(document: Document, now: datetime) -> str:
    """The reason of a job that waits too long; empty for any other."""
    status = document.get("status") or {}
    if is_finished(document):
        return ""
    if not status.get("state"):
        created = (document.get("metadata") or {}).get("creationTimestamp")
        return _UNSEEN if _age(created, now) > UNSEEN_SECONDS else ""
    reason = str(status.get("reason") or "")
    if reason in _AT_ONCE:
        return reason
    attempts = status.get("attempts") or [{}]
    is_slow = reason == Reason.STARTING and _age(attempts[-1].get("startTime"), now) > STARTING_SECONDS
    return f"{reason} for more than {STARTING_SECONDS // 60} minutes" if is_slow else ""


def _age(text: Any, now: datetime) -> float:
    moment = parsed_time(text)
    return (now - moment).total_seconds() if moment else 0.0


def _told(reason: str, stuck: list[Document]) -> Check:
    names = ", ".join("/".join(_key(document)) for document in stuck[:_NAMES_SHOWN])
    more = f" and {len(stuck) - _NAMES_SHOWN} more" if len(stuck) > _NAMES_SHOWN else ""
    jobs = "1 job is" if len(stuck) == 1 else f"{len(stuck)} jobs are"
    namespace, name = _key(stuck[0])
    # A platform that takes no pod is for whoever runs it; a job that nobody has seen is for the operator.
    tell = problem if reason in {_UNSEEN, Reason.ALLOW_LIST_UNAVAILABLE} else warning
    return tell(JOBS, f"{jobs} {reason}: {names}{more}", f"bgjob why {name} --namespace {namespace}")


def _key(document: Mapping[str, Any]) -> tuple[str, str]:
    metadata = document.get("metadata") or {}
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
