"""Numbers for Prometheus. Labels are closed lists: never an object's name, a class or a parameter."""

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
        self.objects = Gauge("backgroundjob_objects", "BackgroundJobs known", registry=self.registry)
        self.running = Gauge(
            "backgroundjob_running_attempts", "Attempts that hold a slot", registry=self.registry
        )
        self.queued = Gauge(
            "backgroundjob_queued", "BackgroundJobs due and waiting for a slot", registry=self.registry
        )
        self.settings_problems = Gauge(
            "backgroundjob_settings_problems",
            "Malformed allow-list entries and unusable ConfigMaps",
            registry=self.registry,
        )
        self.allowed_methods = Gauge(
            "backgroundjob_allowed_methods", "Entries of the allow-list in use", registry=self.registry
        )
        self.leader = Gauge(
            "backgroundjob_leader", "1 when this process may write, 0 on a standby", registry=self.registry
        )
        self.synced = Gauge("backgroundjob_synced", "1 when every list was read", registry=self.registry)

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
