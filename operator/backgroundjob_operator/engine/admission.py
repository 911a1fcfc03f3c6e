"""Hands out slots: the best rank first, past those that a narrower limit holds back."""

import heapq
from collections.abc import Iterator, Mapping, Set
from datetime import datetime, timedelta

from backgroundjob.api.config import OperatorConfig
from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_operator.engine.ranking import NEVER, Claim, Rank, rank
from backgroundjob_operator.engine.usage import Hold, Place, Usage

_TURN = timedelta(microseconds=1)
"""Slots granted at one moment are told apart by it, so that the namespaces take turns within it too."""


class Admission:
    """Claims, holders and turns. Everything in it can be rebuilt by deciding every object again."""

    def __init__(self) -> None:
        self.usage = Usage()
        self._holders: dict[ObjectKey, Place] = {}
        self._claims: dict[Place, dict[ObjectKey, Claim]] = {}
        self._places: dict[ObjectKey, Place] = {}
        self._served: dict[str, datetime] = {}

    @property
    def claim_count(self) -> int:
        """Objects that are due and wait."""
        return len(self._places)

    def hold_slot(self, key: ObjectKey, place: Place, since: datetime | None = None) -> None:
        """An attempt of the object runs. `since` is its start, which counts as its namespace's turn."""
        self.release(key)
        self._holders[key] = place
        self.usage.add(place)
        if since is not None:
            self._served[place.namespace] = max(since, self._served.get(place.namespace, NEVER))

    def release(self, key: ObjectKey) -> None:
        """No attempt of the object runs."""
        place = self._holders.pop(key, None)
        if place is not None:
            self.usage.remove(place)

    def claim(self, key: ObjectKey, claim: Claim) -> None:
        """The object waits for a slot."""
        self.withdraw(key)
        self._claims.setdefault(claim.place, {})[key] = claim
        self._places[key] = claim.place

    def withdraw(self, key: ObjectKey) -> None:
        """The object does not wait for a slot (any more)."""
        place = self._places.pop(key, None)
        if place is not None:
            del self._claims[place][key]
            if not self._claims[place]:
                del self._claims[place]

    def claim_of(self, key: ObjectKey) -> Claim | None:
        """The object's claim, if it waits."""
        place = self._places.get(key)
        return None if place is None else self._claims[place][key]

    def hold(self, claim: Claim, config: OperatorConfig) -> Hold | None:
        """The limit that holds the claim back at this moment."""
        return self.usage.hold(claim.place, config)

    def grant(self, now: datetime, config: OperatorConfig, busy: Set[ObjectKey]) -> list[ObjectKey]:
        """Turn claims into held slots, best rank first, until no limit lets one more start."""
        granted: list[ObjectKey] = []
        queue = self._ranked(now, config, busy) if self.usage.total < config.limits.concurrency else []
        while queue and self.usage.total < config.limits.concurrency:
            stale, key = heapq.heappop(queue)
            claim = self.claim_of(key)
            if claim is None or self.usage.hold(claim.place, config) is not None:
                continue
            fresh = self._rank(claim, now, config)
            if fresh > stale:
                # Its namespace was served meanwhile: the others go first now.
                heapq.heappush(queue, (fresh, key))
                continue
            self.withdraw(key)
            self.hold_slot(key, claim.place, since=now + len(granted) * _TURN)
            granted.append(key)
        return granted

    def ahead(self, key: ObjectKey, now: datetime, config: OperatorConfig) -> list[ObjectKey]:
        """Those that wait for the same limit and go before the object, best first."""
        claim = self.claim_of(key)
        if claim is None:
            return []
        hold = self.usage.hold(claim.place, config)
        group = hold.group if hold is not None else None
        own = self._rank(claim, now, config)
        before = [
            (self._rank(other, now, config), other_key)
            for place, claims in self._claims.items()
            if (found := self.usage.hold(place, config)) is not None and found.group == group
            for other_key, other in claims.items()
        ]
        return [other_key for other_rank, other_key in sorted(before) if other_rank < own]

    def holders_in(self, hold: Hold) -> Iterator[ObjectKey]:
        """Objects whose attempts use up that limit."""
        for key, place in self._holders.items():
            groups = (f"queue {place.queue}", place.method, f"namespace {place.namespace}", "the cluster")
            if hold.group in groups or hold.group == f"concurrencyKey {place.concurrency_key}":
                yield key

    def _ranked(
        self, now: datetime, config: OperatorConfig, busy: Set[ObjectKey]
    ) -> list[tuple[Rank, ObjectKey]]:
        open_places: Mapping[Place, dict[ObjectKey, Claim]] = {
            place: claims for place, claims in self._claims.items() if self.usage.hold(place, config) is None
        }
        queue = [
            (self._rank(claim, now, config), key)
            for claims in open_places.values()
            for key, claim in claims.items()
            if key not in busy
        ]
        heapq.heapify(queue)
        return queue

    def _rank(self, claim: Claim, now: datetime, config: OperatorConfig) -> Rank:
        served = self._served.get(claim.place.namespace, NEVER)
        return rank(claim, now, config.times.ageing_seconds, served)
