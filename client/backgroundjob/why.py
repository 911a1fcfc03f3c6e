"""Why a job does not run yet: what the operator answers on request, or the stored state without it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backgroundjob.finish import UNSEEN

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """State, reason and one sentence; position and estimate while the job waits for a limit."""

    namespace: str
    name: str
    state: str
    reason: str
    message: str
    sentence: str
    """One sentence for people, which begins with the name."""
    ahead: int | None = None
    """How many go before it; None when no limit holds it back, or when nobody was there to tell."""
    limited_by: str | None = None
    """What holds it back, such as `queue mail`."""
    limit: int | None = None
    estimate_seconds: int | None = None
    """Until its start; None when nothing is known to judge by."""
    basis_runs: int = 0
    """Number of finished runs that the estimate rests on."""
    observed_time: datetime | None = None
    """When the operator looked; None for what is stored."""
    missing: str = ""
    """Why position and estimate are unknown, in one sentence; empty when nothing is missing."""

    @classmethod
    def answered(cls, namespace: str, name: str, answer: Mapping[str, Any]) -> "Why":
        """From the answer of the operator's read endpoint. Raises KeyError, TypeError, ValueError."""
        return cls(
            namespace=namespace,
            name=name,
            state=str(answer["state"]),
            reason=str(answer["reason"]),
            message=str(answer["message"]),
            sentence=str(answer["sentence"]),
            ahead=_number(answer.get("ahead")),
            limited_by=answer.get("limitedBy"),
            limit=_number(answer.get("limit")),
            estimate_seconds=_number(answer.get("estimateSeconds")),
            basis_runs=_number(answer.get("basisRuns")) or 0,
            observed_time=datetime.fromisoformat(answer["observedTime"]),
        )

    @classmethod
    def stored(cls, document: Document, missing: str = "") -> "Why":
        """From the object alone; `missing` says why nobody was asked, or did not answer."""
        metadata, status = document["metadata"], document.get("status") or {}
        state, reason = str(status.get("state") or ""), str(status.get("reason") or "")
        message = str(status.get("message") or "")
        stands = f"{state} ({reason})" if reason else state or UNSEEN
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            state=state,
            reason=reason,
            message=message,
            sentence=f"{metadata['name']} is {stands}" + (f": {message}" if message else ""),
            missing=missing,
        )

    def to_document(self) -> dict[str, Any]:
        """As `bgjob why -o json` prints it."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "state": self.state,
            "reason": self.reason,
            "message": self.message,
            "sentence": self.sentence,
            "ahead": self.ahead,
            "limitedBy": self.limited_by,
            "limit": self.limit,
            "estimateSeconds": self.estimate_seconds,
            "basisRuns": self.basis_runs,
            "observedTime": self.observed_time.isoformat() if self.observed_time else None,
            "missing": self.missing,
        }


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
