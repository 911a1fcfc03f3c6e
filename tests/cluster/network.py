"""Addresses of the embedded cluster: they exist only in its network namespaces, which have no route out."""

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
SERVICES = "10.96.0.0/16"
SERVICE_API = "10.96.0.1"
SERVICE_DNS = "10.96.0.10"
PODS = "10.84.0.0/15"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node and its part of the pod network. Its number also keeps health ports apart."""

    name: str
    address: str
    pods: str
    api_address: str


NODES = {
    "node1": Node(name="node1", address="10.83.0.2", pods="10.84.0.0/16", api_address=LOOPBACK),
    "node2": Node(name="node2", address="10.83.2.2", pods="10.85.0.0/16", api_address="10.83.0.2"),
}
FIRST = NODES["node1"]
SECOND = NODES["node2"]
# The end of the veth pair that stays with the first node.
SECOND_GATEWAY = "10.83.2.1"
