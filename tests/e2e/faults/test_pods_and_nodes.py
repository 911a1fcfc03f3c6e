"""What happens to the pod, the Job or the node is not held against the job."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

import pytest

from tests.cluster.embedded import EmbeddedCluster
from tests.cluster.protocol import Cluster, wait_for
from tests.e2e.faults.fault_place import FaultPlace, ledger
from tests.e2e.faults.settings import OVERLAY

GRACE_SECONDS: Final[int] = OVERLAY["config"]["times"]["nodeLostGraceSeconds"]


def test_a_deleted_pod_is_a_disruption_and_the_next_attempt_succeeds(place: FaultPlace) -> None:
    place.patient()
    place.namespace.kubectl("delete", "pod", "--all", "--wait=false")
    status = place.namespace.wait("patient", "Succeeded")
    assert ledger(status) == [("Disrupted", "PodDeleted", False), ("Succeeded", None, True)]
    assert (status["disruptionCount"], status["attemptCount"], status["result"]) == (1, 1, 2)
    place.assert_one_job_per_attempt(2)


def test_a_deleted_job_is_a_disruption_and_the_next_attempt_succeeds(place: FaultPlace) -> None:
    place.patient()
    place.namespace.kubectl("delete", "job", "--all", "--wait=false")
    status = place.namespace.wait("patient", "Succeeded")
    assert ledger(status) == [("Disrupted", "JobDeleted", False), ("Succeeded", None, True)]
    assert (status["disruptionCount"], status["attemptCount"]) == (1, 1)
    place.assert_one_job_per_attempt(2)


def test_a_drained_node_sends_the_job_to_the_other_one(place: FaultPlace, second_node: str) -> None:
    kubectl = place.product.cluster.kubectl
    with place.cordoned("node1"):
        place.patient(method="anywhere")
    with place.cordoned(second_node):
        kubectl("drain", second_node, "--force", "--ignore-daemonsets", "--delete-emptydir-data")
        status = place.namespace.wait("patient", "Succeeded")
    evictions = [
        event.code
        for event in place.product.audit(place.since)
        if (event.namespace, event.subresource) == (place.namespace.name, "eviction")
    ]
    assert 201 in evictions
    assert ledger(status) == [("Disrupted", "Evicted", False), ("Succeeded", None, True)]
    assert [one["nodeName"] for one in status["attempts"]] == [second_node, "node1"]
    assert status["disruptionCount"] == 1
    place.assert_one_job_per_attempt(2)


def test_a_silent_node_is_given_up_after_its_grace_and_the_job_runs_elsewhere(
    place: FaultPlace, silent: Callable[[], None]
) -> None:
    with place.cordoned("node1"):
        place.patient(method="anywhere")
    silent()
    deletion_due = wait_for_deletion(place)
    status = place.namespace.wait("patient", "Succeeded", timeout_seconds=120)
    assert ledger(status) == [("Disrupted", "NodeLost", False), ("Succeeded", None, True)]
    assert [one["nodeName"] for one in status["attempts"]] == ["node2", "node1"]
    assert (status["disruptionCount"], status["attemptCount"]) == (1, 1)
    created = [event.request_time for event in place.created()]
    assert len(created) == 2
    waited_seconds = (created[1] - deletion_due).total_seconds()
    print(
        f"attempt 2 began {waited_seconds:.1f} s after the first pod should have been gone; "
        f"the first one's process ran on: {bool(place.pods.overlaps(place.namespace))}"
    )
    assert waited_seconds >= GRACE_SECONDS


@pytest.fixture
def silent(cluster: Cluster, second_node: str) -> Iterator[Callable[[], None]]:
    """Stops the second node's kubelet; at the end of the test the node is well again."""
    assert isinstance(cluster, EmbeddedCluster)
    yield lambda: cluster.pause_kubelet(second_node)
    cluster.resume_kubelet(second_node)
    wait_for(lambda: is_well(cluster, second_node), f"{second_node} well again", timeout_seconds=60)


def is_well(cluster: Cluster, node: str) -> bool:
    """Ready, and without the taints that the node controller takes away a little later."""
    taints = cluster.kubectl_json("get", "node", node)["spec"].get("taints", ())
    return {taint["key"] for taint in taints} == {"faults"}


def wait_for_deletion(place: FaultPlace) -> datetime:
    """When the only pod was to be gone, its grace period included."""
    template = "--output=jsonpath={.items[0].metadata.deletionTimestamp}"
    wait_for(
        lambda: bool(place.namespace.kubectl("get", "pods", template)),
        "the deletion of the pod on the silent node",
        timeout_seconds=60,
    )
    return datetime.fromisoformat(place.namespace.kubectl("get", "pods", template))
