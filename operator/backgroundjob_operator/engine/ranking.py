"""Who goes first among those that are due. One number decides: the priority, aged by the time waited.

An object of priority p that became due w seconds ago ranks as p + floor(w / ageingSeconds). So nothing
starves: nobody who becomes due later than (q - p + 1) * ageingSeconds after it, with priority q, goes
before it. With priorities from -1000 to 1000 and 60 s that is 33 h at the very worst, 3.4 h for low
behind high. At equal rank the namespaces take turns; inside a namespace the first due goes first.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from backgroundjob_operator.engine.usage import Place

Rank = tuple[int, datetime, datetime, datetime, str]

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The wish of a due object for a slot."""

    place: Place
    priority: int
    due_time: datetime
    creation_time: datetime
    uid: str


def aged_priority(claim: Claim, now: datetime, ageing_seconds: int) -> int:
    """The priority and one more for each `ageing_seconds` waited; 0 turns ageing off."""
    if ageing_seconds == 0:
        return claim.priority
    waited = max(0.0, (now - claim.due_time).total_seconds())
    return claim.priority + int(waited // ageing_seconds)


def rank(claim: Claim, now: datetime, ageing_seconds: int, namespace_served: datetime) -> Rank:
    """Smaller goes first. `namespace_served` is when its namespace last got a slot."""
    aged = aged_priority(claim, now, ageing_seconds)
    return (-aged, namespace_served, claim.due_time, claim.creation_time, claim.uid)
