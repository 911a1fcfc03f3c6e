"""Removes every release of the product, and all that it keeps but the anchor."""

import json

from tests.cluster.commands import run
from tests.cluster.protocol import Cluster

KEPT_POLICIES = ("backgroundjob-shape", "backgroundjob-allow-list")


def clear(cluster: Cluster) -> None:
    """Harmless when nothing is there."""
    listed = run(cluster.command(["helm", "list", "--all-namespaces", "--output=json"]))
    for release in json.loads(listed):
        place = ["--namespace", release["namespace"], "--wait", "--timeout=120s"]
        run(cluster.command(["helm", "uninstall", release["name"], *place]))
    kinds = "validatingadmissionpolicybinding,validatingadmissionpolicy"
    cluster.kubectl("delete", kinds, *KEPT_POLICIES, "--ignore-not-found")
    cluster.kubectl(
        "delete", "crd", "backgroundjobs.backgroundjob.dev", "--ignore-not-found", "--timeout=120s"
    )
