"""What every kind of test cluster offers, and what they share: kubectl that cannot stray to another one."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .commands import Runner, run
from .errors import ClusterError

# Each of them would lead kubectl to a cluster that is not the one asked for.
_STRAYING = ("--context", "--kubeconfig", "--cluster", "--server", "-s", "--user")


@dataclass(frozen=True, slots=True)
class Images:
    """References that pods of the cluster can use."""

    operator: str
    runner: str
    examples: str


class Cluster(Protocol):
    """A Kubernetes for tests. `name` is the value of BACKGROUNDJOB_CLUSTER."""

    @property
    def name(self) -> str: ...

    @property
    def audit_log(self) -> Path | None:
        """File of audit.k8s.io/v1 events, level Metadata; None where the cluster writes none we can read."""

    @property
    def api_socket(self) -> Path | None:
        """Unix socket that speaks plain HTTP to the API as cluster admin; None where there is none."""

    def environment(self) -> Mapping[str, str]:
        """What a program needs to reach this cluster and no other."""

    def command(self, argv: Sequence[str]) -> list[str]:
        """The argument list that runs `argv` where the API can be reached, as cluster admin."""

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str: ...

    def kubectl_json(self, *arguments: str) -> Any: ...

    def up(self) -> None:
        """Return when the node is Ready. Harmless when it already is."""

    def running(self) -> bool: ...

    def down(self) -> None:
        """End what `up` started, and only that."""

    def load(self, archive: Path) -> None:
        """Import a docker-archive into every node."""

    def provide_images(self) -> Images:
        """Build the product's images from their Dockerfiles and make them usable in pods."""

    def add_node(self) -> str:
        """A second real node; returns its name when it is Ready."""

    def remove_node(self) -> None:
        """The second node stops at once, as when a machine is switched off, and leaves the API."""


class WithKubectl:
    """kubectl on top of `command`, for the implementations of Cluster."""

    runner: Runner = staticmethod(run)

    def command(self, argv: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        refuse_straying(arguments)
        return self.runner(self.command(["kubectl", *arguments]), stdin=stdin)

    def kubectl_json(self, *arguments: str) -> Any:
        """Decoded output of `kubectl ARGUMENTS -o json`."""
        return json.loads(self.kubectl(*arguments, "--output=json"))

    def node_ready(self, node: str) -> bool:
        """Whether the node takes pods; False as well while the API does not answer."""
        template = "{.status.conditions[?(@.type=='Ready')].status}"
        try:
            return self.kubectl("get", "node", node, f"--output=jsonpath={template}") == "True"
        except ClusterError:
            return False


def refuse_straying(arguments: Sequence[str]) -> None:
    """Refuse options that choose another cluster than the one the tests were given."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for argument in own:
        if argument.partition("=")[0] in _STRAYING:
            raise ClusterError(
                f"kubectl {argument}: tests talk only to their own cluster; choose it with "
                "BACKGROUNDJOB_CLUSTER=embedded|kind|current, and a context with BACKGROUNDJOB_CONTEXT"
            )


def wait_for(ready: "Ready", what: str, *, timeout_seconds: float, poll_seconds: float = 0.2) -> None:
    """Poll until `ready` is true; ClusterError names what did not happen."""
    deadline = time.monotonic() + timeout_seconds
    while not ready():
        if time.monotonic() > deadline:
            raise ClusterError(f"{what} did not happen in {timeout_seconds:g} s")
        time.sleep(poll_seconds)


class Ready(Protocol):
    def __call__(self) -> bool: ...
