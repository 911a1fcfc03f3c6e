"""Releases of the chart on the test cluster, by helm as docs/install.md says."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from conformance import allowed
from tests.cluster.commands import run
from tests.cluster.protocol import Cluster, Images, wait_for

ROOT: Final = Path(__file__).resolve().parents[2]
NAMESPACE: Final = "backgroundjob-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release: of which sources, under which name, in which namespace, with which images."""

    cluster: Cluster
    images: Images
    name: str = "backgroundjob"
    namespace: str = NAMESPACE
    tree: Path = ROOT

    def install(self, *options: str, values: Mapping[str, Any] | None = None) -> None:
        """`helm upgrade --install` with sample, hostile and typed jobs allowed, and these values over all."""
        files = [self.tree / "examples/values/sample-jobs.yaml", self.tree / "tests/e2e/values.yaml"]
        chart = str(self.tree / "charts/backgroundjob")
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as typed:
            json.dump({"allowList": {"entries": allowed()}}, typed)
            typed.flush()
            arguments = [f"--values={path}" for path in [*files, typed.name]]
            for name, value in {**_image_values(self.images), **(values or {})}.items():
                arguments += ["--set-json", f"{name}={json.dumps(value)}"]
            self.helm("upgrade", "--install", self.name, chart, *options, *arguments)

    def uninstall(self) -> None:
        """`helm uninstall`; returns when the operator's pods are gone."""
        self.helm("uninstall", self.name, "--wait", "--timeout=120s")

    def helm(self, *arguments: str) -> str:
        """Helm in the namespace of the release, which is created where needed."""
        place = ["--namespace", self.namespace]
        if "--install" in arguments:
            place.append("--create-namespace")
        return run(self.cluster.command(["helm", *arguments, *place]))

    def kubectl(self, *arguments: str) -> str:
        """Kubectl in the namespace of the release."""
        return self.cluster.kubectl("-n", self.namespace, *arguments)

    def wait_ready(self, deployment: str = "backgroundjob-operator") -> None:
        """Return when the operator's present pods are ready and are the only ones."""
        self.kubectl("rollout", "status", f"deployment/{deployment}", "--timeout=180s")
        wait_for(lambda: None not in self.pods(), "the end of the former pods", timeout_seconds=60)

    def pods(self) -> list[str | None]:
        """Names of the operator's pods; None for one that is about to go."""
        selector = "--selector=app.kubernetes.io/component=operator"
        found = [
            pod["metadata"]
            for pod in json.loads(self.kubectl("get", "pods", selector, "-o", "json"))["items"]
        ]
        return [None if "deletionTimestamp" in metadata else metadata["name"] for metadata in found]


def _image_values(images: Images) -> Mapping[str, Any]:
    repository, _, tag = images.operator.rpartition(":")
    return {
        "image.repository": repository,
        "image.tag": tag,
        "image.pullPolicy": "Never",
        "config.profiles.default.image": images.examples,
        "config.profiles.default.imagePullPolicy": "Never",
    }
