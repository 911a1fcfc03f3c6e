"""Who may write: decided from the Lease as it was seen, by this process's own monotonic clock.

The rules are client-go's. Times of other machines are never compared with ours: a Lease counts as abandoned
when it did not change for its whole duration while we watched. The holder stops writing
`renew_deadline_seconds` after its last renewal was sent, before anybody else may begin at `duration_seconds`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTimes:
    """Seconds, with client-go's defaults."""

    duration_seconds: int = 15
    """Without a renewal for so long, another may take the Lease."""
    renew_deadline_seconds: int = 10
    """Without a renewal for so long, the holder writes no more and exits."""
    retry_period_seconds: int = 2
    """Between two renewals."""

    def __post_init__(self) -> None:
        if not self.duration_seconds > self.renew_deadline_seconds > self.retry_period_seconds > 0:
            raise ValueError(
                "of the Lease's duration, renew deadline and retry period each must be longer than the next; "
                f"found {self.duration_seconds}, {self.renew_deadline_seconds}, {self.retry_period_seconds} s"
            )


@dataclass(frozen=True, slots=True)
class Identity:
    """One life of one process. Outside a pod the name is the host's and `pod_uid` is empty."""

    name: str
    pod_uid: str
    life: str

    def __str__(self) -> str:
        return "_".join(part for part in (self.name, self.pod_uid, self.life) if part)

    def is_former_life(self, holder: str) -> bool:
        """Whether that was this same pod before its container was restarted: it is dead for certain."""
        return (
            bool(self.pod_uid) and holder.startswith(f"{self.name}_{self.pod_uid}_") and holder != str(self)
        )


@dataclass(frozen=True, slots=True)
class Sighting:
    """A version of the Lease, and when (monotonic seconds) its holder was first seen alive in it."""

    version: str
    holder: str
    duration_seconds: int
    renew_time: str
    transitions: int
    seen: float

    @classmethod
    def of(cls, document: Mapping[str, Any], now: float, before: "Sighting | None" = None) -> "Sighting":
        """What a Lease document says. What an older sighting said already keeps its time."""
        spec = document.get("spec") or {}
        holder, renew_time = spec.get("holderIdentity") or "", spec.get("renewTime") or ""
        is_same = before is not None and (before.holder, before.renew_time) == (holder, renew_time)
        return cls(
            version=document["metadata"]["resourceVersion"],
            holder=holder,
            duration_seconds=int(spec.get("leaseDurationSeconds") or 0),
            renew_time=renew_time,
            transitions=int(spec.get("leaseTransitions") or 0),
            seen=before.seen if is_same and before is not None else now,
        )

    def is_held_by(self, identity: Identity) -> bool:
        """Whether that very life holds it."""
        return self.holder == str(identity)

    @property
    def expiry(self) -> float:
        """When (monotonic seconds) the holder counts as gone."""
        return self.seen + self.duration_seconds


class Claim(Enum):
    """What to do about the Lease now."""

    CREATE = "create it"
    TAKE = "take it over"
    RENEW = "renew it"
    WAIT = "somebody else holds it"


def next_claim(sighting: Sighting | None, identity: Identity, now: float) -> Claim:
    """What a process of that identity may do. `sighting` None: there is no Lease."""
    if sighting is None:
        return Claim.CREATE
    if sighting.is_held_by(identity):
        return Claim.RENEW
    is_free = not sighting.holder or identity.is_former_life(sighting.holder) or now >= sighting.expiry
    return Claim.TAKE if is_free else Claim.WAIT


def held_spec(
    identity: Identity, times: LeaseTimes, sighting: Sighting | None, now_text: str
) -> dict[str, Any]:
    """The spec that makes the Lease ours, or keeps it. `now_text` is for people: nobody computes with it."""
    is_ours = sighting is not None and sighting.is_held_by(identity)
    spec: dict[str, Any] = {
        "holderIdentity": str(identity),
        "leaseDurationSeconds": times.duration_seconds,
        "renewTime": now_text,
        "leaseTransitions": 0 if sighting is None else sighting.transitions + (not is_ours),
    }
    return spec if is_ours else {**spec, "acquireTime": now_text}


def released_spec(sighting: Sighting, now_text: str) -> dict[str, Any]:
    """The spec that leaves the Lease to whoever comes first."""
    return {
        "holderIdentity": "",
        "leaseDurationSeconds": 1,
        "renewTime": now_text,
        "leaseTransitions": sighting.transitions,
    }
