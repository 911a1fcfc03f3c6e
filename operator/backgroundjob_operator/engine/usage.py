"""What runs, counted by every limit that there is, and which limit holds a claim back."""

from collections import Counter
from dataclasses import dataclass

from backgroundjob.api.config import OperatorConfig
from backgroundjob.api.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an attempt counts: what it takes a slot of."""

    namespace: str
    queue: str
    method: str
    """`class.method`, the key of the allow-list."""
    method_limit: int | None = None
    """`limits.concurrency` of the allow-list entry."""
    concurrency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """The limit that holds a claim back: its reason, its name for people, and its number."""

    reason: Reason
    group: str
    limit: int


class Usage:
    """Counters of running attempts. `add` and `remove` come in pairs."""

    def __init__(self) -> None:
        self._total = 0
        self._namespaces: Counter[str] = Counter()
        self._queues: Counter[str] = Counter()
        self._methods: Counter[str] = Counter()
        self._keys: Counter[tuple[str, str]] = Counter()

    @property
    def total(self) -> int:
        """Attempts that run."""
        return self._total

    def add(self, place: Place) -> None:
        """One more attempt runs there."""
        self._count(place, 1)

    def remove(self, place: Place) -> None:
        """One attempt fewer runs there."""
        self._count(place, -1)

    def hold(self, place: Place, config: OperatorConfig) -> Hold | None:
        """Why one more attempt may not start there, the narrowest limit first; None when it may."""
        queue = config.queues.get(place.queue)
        if queue is not None and queue.paused:
            return Hold(Reason.QUEUE_PAUSED, f"queue {place.queue}", 0)
        key = (place.namespace, place.concurrency_key or "")
        if place.concurrency_key is not None and self._keys[key] > 0:
            return Hold(Reason.CONCURRENCY_KEY_BUSY, f"concurrencyKey {place.concurrency_key}", 1)
        checks = (
            (Reason.CLASS_LIMIT, place.method, self._methods[place.method], place.method_limit),
            (
                Reason.QUEUE_LIMIT,
                f"queue {place.queue}",
                self._queues[place.queue],
                queue.concurrency if queue is not None else None,
            ),
            (
                Reason.NAMESPACE_LIMIT,
                f"namespace {place.namespace}",
                self._namespaces[place.namespace],
                config.limits.namespace_concurrency,
            ),
            (Reason.GLOBAL_LIMIT, "the cluster", self._total, config.limits.concurrency),
        )
        for reason, group, used, limit in checks:
            if limit is not None and used >= limit:
                return Hold(reason, group, limit)
        return None

    def _count(self, place: Place, step: int) -> None:
        self._total += step
        self._namespaces[place.namespace] += step
        self._queues[place.queue] += step
        self._methods[place.method] += step
        if place.concurrency_key is not None:
            self._keys[place.namespace, place.concurrency_key] += step
