"""Numbers for Prometheus. Labels are closed lists: never an object's name, a class or a parameter."""

import math
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """All metrics of the operator. docs/metrics.md lists them; a test keeps the list whole."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._writes = Counter(
            "backgroundjob_writes",
            "Writes to the API server that succeeded",
            ["action"],
            registry=self.registry,
        )
        self._failures = Counter(
            "backgroundjob_call_failures",
            "Calls to the API server that failed",
            ["error"],
            registry=self.registry,
        )
        self._transitions = Counter(
            "backgroundjob_transitions",
            "Changes of status.state",
            ["state", "reason"],
            registry=self.registry,
        )
        self.objects = self._gauge("objects", "BackgroundJobs known")
        self.running = self._gauge("running_attempts", "Attempts that hold a slot")
        self.queued = self._gauge("queued", "BackgroundJobs due and waiting for a slot")
        self.settings_problems = self._gauge(
            "settings_problems", "Malformed allow-list entries and unusable ConfigMaps"
        )
        self.allowed_methods = self._gauge("allowed_methods", "Entries of the allow-list in use")
        self.leader = self._gauge("leader", "1 when this process may write, 0 on a standby")
        self.admission_current = self._gauge(
            "admission_current", "1 when admission checks by the operator's allow-list; NaN where not asked"
        )
        self.admission_current.set(math.nan)
        self.synced = self._gauge("synced", "1 when every list was read")

    def count_write(self, action: str) -> None:
        """One action done."""
        self._writes.labels(action).inc()

    def count_failure(self, error: str) -> None:
        """One action that will be tried again."""
        self._failures.labels(error).inc()

    def count_transition(self, patch: Mapping[str, Any]) -> None:
        """One status write that changed the state."""
        # A restart removes the state (None): the next write names the new one.
        if patch.get("state"):
            self._transitions.labels(patch["state"], patch.get("reason") or "").inc()

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"backgroundjob_{name}", text, registry=self.registry)
