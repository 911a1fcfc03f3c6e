"""The installed product as the end-to-end tests see it: through kubectl, Helm and the audit log."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from e2e_release import NAMESPACE, ROOT, Release
from tests.cluster.audit import AuditEvent, audit_events
from tests.cluster.protocol import Cluster, Images, wait_for

__all__ = [
    "NAMESPACE",
    "OPERATOR_USER",
    "ROOT",
    "Document",
    "Namespace",
    "Product",
    "background_job",
    "utc_now",
]

OPERATOR_USER: Final = f"system:serviceaccount:{NAMESPACE}:backgroundjob-operator"
POLL_SECONDS: Final = 0.3

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Product:
    """The release `backgroundjob` on a test cluster."""

    cluster: Cluster
    images: Images

    @property
    def release(self) -> Release:
        """How it is installed."""
        return Release(cluster=self.cluster, images=self.images)

    def install(self) -> None:
        """Install or upgrade it, as docs/install.md says, over whatever an earlier run of the suite left."""
        self.release.install("--take-ownership", "--force-conflicts")
        # A rebuilt image has the same tag: the pod must be a new one.
        self.cluster.kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/backgroundjob-operator")
        self.wait_ready()

    def wait_ready(self) -> None:
        """Return when the operator's pods are ready, are the only ones, and one of them leads."""
        self.release.wait_ready()
        wait_for(self._leads, "one of the present pods leading", timeout_seconds=60)

    def _leads(self) -> bool:
        lease = ("get", "lease", "backgroundjob-operator", "--ignore-not-found")
        holder = self.release.kubectl(*lease, "--output=jsonpath={.spec.holderIdentity}")
        return any(holder.startswith(f"{pod}_") for pod in self.release.pods())

    def scale(self, replicas: int) -> None:
        """Run that many operators; returns when the pods are there, or gone."""
        deployment = "deployment/backgroundjob-operator"
        self.cluster.kubectl("-n", NAMESPACE, "scale", deployment, f"--replicas={replicas}")
        if replicas:
            self.wait_ready()
        else:
            selector = "--selector=app.kubernetes.io/name=backgroundjob"
            self.cluster.kubectl("-n", NAMESPACE, "wait", "--for=delete", "pod", selector, "--timeout=60s")

    def audit(self, since: datetime) -> list[AuditEvent]:
        """Requests since then; the log is what the API server saw, not what we believe we sent."""
        if self.cluster.audit_log is None:
            raise RuntimeError(f"the cluster {self.cluster.name} has no audit log that this test can read")
        return list(audit_events(self.cluster.audit_log, since))


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace of one test."""

    product: Product
    name: str

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Kubectl in this namespace."""
        return self.product.cluster.kubectl("-n", self.name, *arguments, stdin=stdin)

    def apply(self, name: str, class_: str, method: str, **spec: Any) -> None:
        """Create a BackgroundJob."""
        self.kubectl("create", "-f", "-", stdin=json.dumps(background_job(name, class_, method, **spec)))

    def get(self, name: str) -> Document:
        """A BackgroundJob as stored."""
        document: Document = self.product.cluster.kubectl_json("-n", self.name, "get", "bgjob", name)
        return document

    def status(self, name: str) -> Document:
        """Its status."""
        status: Document = self.get(name).get("status", {})
        return status

    def jobs(self, name: str) -> list[Document]:
        """Its Jobs, oldest first."""
        selector = f"backgroundjob.dev/name={name}"
        jobs: Document = self.product.cluster.kubectl_json("-n", self.name, "get", "jobs", "-l", selector)
        return sorted(jobs["items"], key=lambda job: job["metadata"]["creationTimestamp"])

    def wait(self, name: str, *states: str, timeout_seconds: float = 90) -> Document:
        """The status once its state is one of those."""
        return self.wait_until(
            name, lambda status: status.get("state") in states, " or ".join(states), timeout_seconds
        )

    def wait_until(
        self, name: str, holds: Callable[[Mapping[str, Any]], bool], what: str, timeout_seconds: float = 90
    ) -> Document:
        """The status once the condition holds."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            status = self.status(name)
            if holds(status):
                return status
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}/{name} is not {what} after {timeout_seconds} s: {status}")
            time.sleep(POLL_SECONDS)


def background_job(name: str, class_: str, method: str, **spec: Any) -> Document:
    """The object's document."""
    return {
        "apiVersion": "backgroundjob.dev/v1alpha1",
        "kind": "BackgroundJob",
        "metadata": {"name": name},
        "spec": {"class": class_, "method": method, **spec},
    }


def utc_now() -> datetime:
    """The machine's clock, which the API server shares."""
    return datetime.now(UTC)
