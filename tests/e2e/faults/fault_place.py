"""One namespace of a fault test, with the questions that most of them ask."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from e2e_product import Document, Namespace, Product, utc_now
from tests.cluster.audit import AuditEvent
from tests.cluster.protocol import wait_for
from tests.e2e.faults.observed import PodWatch, jobs_created

PATIENT_SECONDS = 600
"""Longer than any test: what a fault does not end, ends with the namespace."""


@dataclass(frozen=True, slots=True)
class FaultPlace:
    """A namespace that has the code of the fault tests."""

    namespace: Namespace
    product: Product
    pods: PodWatch
    since: datetime

    def patient(self, name: str = "patient", method: str = "run", **spec: Any) -> Document:
        """Start one whose first attempt would last for ever; its status once the code runs."""
        self.namespace.apply(name, "PatientJob", method, params={"seconds": PATIENT_SECONDS}, **spec)
        return self.running(name)

    def running(self, name: str) -> Document:
        """Its status once its code runs."""
        return self.namespace.wait_until(name, lambda status: status.get("reason") == "Running", "running")

    def patch(self, name: str, **spec: Any) -> None:
        """Change fields of a BackgroundJob's spec."""
        self.namespace.kubectl("patch", "bgjob", name, "--type=merge", "--patch", json.dumps({"spec": spec}))

    def created(self) -> list[AuditEvent]:
        """Creations of Jobs."""
        return jobs_created(self.product, self.since, self.namespace)

    def assert_one_job_per_attempt(self, attempts: int, *, ran: int | None = None) -> None:
        """That many Jobs were created, each once; their code ran (or only `ran` did), never two at once."""
        created = Counter(event.name for event in self.created())
        assert set(created.values()) <= {1}
        assert len(created) == attempts
        runs = attempts if ran is None else ran
        wait_for(
            lambda: self.pods.run_count(self.namespace) == runs,
            f"the sight of {runs} runs",
            timeout_seconds=5,
        )
        assert self.pods.overlaps(self.namespace) == []

    @contextmanager
    def cordoned(self, node: str) -> Iterator[None]:
        """The scheduler leaves the node out for the time of the block."""
        self.product.cluster.kubectl("cordon", node)
        try:
            yield
        finally:
            self.product.cluster.kubectl("uncordon", node)


def open_place(namespace: Namespace, product: Product, pods: PodWatch) -> FaultPlace:
    """Bring the code of `jobs/` into the namespace, and observe it from now on."""
    code = Path(__file__).parent / "jobs"
    namespace.kubectl("create", "configmap", "fault-jobs", f"--from-file={code}")
    return FaultPlace(namespace, product, pods, utc_now())


def ledger(status: Document) -> list[tuple[str, str | None, bool]]:
    """Outcome, cause and charged of each attempt."""
    return [(one["outcome"], one.get("cause"), one["charged"]) for one in status["attempts"]]
