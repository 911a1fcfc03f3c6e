"""A second real node, on demand."""

import pytest

from e2e_product import Namespace
from tests.cluster.protocol import Cluster


def test_pods_run_on_a_second_node_and_it_goes_again(cluster: Cluster, namespace: Namespace) -> None:
    if cluster.name != "embedded":
        pytest.fail(f"the cluster {cluster.name} has no second node: choose embedded, or deselect this test")
    node = cluster.add_node()
    try:
        assert node in cluster.kubectl("get", "nodes", "--no-headers")
        cluster.kubectl("cordon", "node1")
        namespace.apply("there", "EmailJob", "send", params={"to": "a@example.org"})
        status = namespace.wait("there", "Succeeded")
        assert status["attempts"][0]["nodeName"] == node
    finally:
        cluster.kubectl("uncordon", "node1")
        cluster.remove_node()
    assert node not in cluster.kubectl("get", "nodes", "--no-headers")
