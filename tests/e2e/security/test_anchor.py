"""Why the policy backgroundjob-anchor exists. On a cluster of its own: without it admission breaks."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from e2e_product import NAMESPACE, ROOT, Document, background_job
from tests.cluster.embedded import EmbeddedCluster
from tests.cluster.errors import CommandError
from tests.cluster.progress import Progress
from tests.cluster.protocol import Cluster, wait_for
from tests.e2e.security.people import ADMISSION_SECONDS, rendered

LOOKS: Final = 20
"""How often a stale answer is asked for again before it counts as stale; a current one came at the first."""


class Admission:
    """The allow-list policy on a cluster that has the CRD and no operator."""

    def __init__(self, cluster: Cluster) -> None:
        self.kubectl = cluster.kubectl
        self.kubectl("create", "namespace", NAMESPACE)
        self.kubectl("apply", "--server-side", "-f", str(ROOT / "crds/backgroundjobs.yaml"))
        self.allow("First.run")
        self.policy = rendered(cluster, "--show-only", "templates/policy-allow-list.yaml")
        self.anchor = rendered(cluster, "--show-only", "templates/policy-anchor.yaml")

    def allow(self, method: str) -> None:
        """The allow-list with this method alone."""
        metadata = {"name": "backgroundjob-allow-list", "namespace": NAMESPACE}
        document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {method: "{}"}}
        self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(document))

    def put(self, objects: list[Document]) -> None:
        self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def remove(self, objects: list[Document]) -> None:
        self.kubectl("delete", "--ignore-not-found", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def admits(self, method: str) -> bool:
        """Whether the method may be created now, by the policy's own word."""
        class_, _, name = method.rpartition(".")
        document = json.dumps(background_job("asked", class_, name))
        try:
            self.kubectl("create", "--dry-run=server", "-f", "-", stdin=document)
        except CommandError as error:
            if f"{method} is not in the allow-list" not in error.output:
                raise
            return False
        return True

    def reinstall(self, method: str) -> None:
        """Delete policy and binding, change the allow-list to this method, create them again."""
        wait_for(lambda: not self.admits("Nobody.run"), "a refusal", timeout_seconds=ADMISSION_SECONDS)
        self.remove(self.policy)
        wait_for(lambda: self.admits("Nobody.run"), "no policy", timeout_seconds=ADMISSION_SECONDS)
        self.allow(method)
        self.put(self.policy)
        wait_for(lambda: not self.admits("Nobody.run"), "a refusal", timeout_seconds=ADMISSION_SECONDS)


@pytest.fixture(scope="module")
def admission(cluster: Cluster, progress: Progress) -> Iterator[Admission]:
    """A second cluster beside the one of the other tests, removed at the end whatever happens."""
    if not isinstance(cluster, EmbeddedCluster):
        pytest.fail(f"a {cluster.name} cluster cannot be thrown away: choose embedded, or deselect this file")
    # Not tmp_path: the sockets below it allow only a short path.
    folder = Path(tempfile.mkdtemp(prefix="bgj-"))
    alone = EmbeddedCluster(progress, state=folder / "c")
    try:
        alone.up()
        yield Admission(alone)
    finally:
        alone.down()
        shutil.rmtree(folder)


def test_a_reinstalled_policy_sees_the_current_allow_list_while_the_anchor_stands(
    admission: Admission,
) -> None:
    admission.allow("First.run")
    admission.put(admission.anchor)
    admission.put(admission.policy)
    admission.reinstall("Second.run")
    assert (admission.admits("Second.run"), admission.admits("First.run")) == (True, False)


def test_without_the_anchor_it_sees_the_old_one(admission: Admission) -> None:
    """If this fails, the API server has learnt to start its informer again, and the anchor can go."""
    admission.put(admission.policy)
    admission.allow("Second.run")
    wait_for(lambda: admission.admits("Second.run"), "the change", timeout_seconds=ADMISSION_SECONDS)
    admission.remove(admission.anchor)
    admission.reinstall("Third.run")
    answers = {(admission.admits("Third.run"), admission.admits("Second.run")) for _ in range(LOOKS)}
    assert answers == {(False, True)}
