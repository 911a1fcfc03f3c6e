"""Two nodes: the operator on the first, jobs and faults on the second, and short times."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e_product import Namespace, Product
from tests.cluster.embedded import EmbeddedCluster
from tests.cluster.protocol import Cluster
from tests.e2e.faults.fault_place import FaultPlace, open_place
from tests.e2e.faults.observed import PodWatch
from tests.e2e.faults.settings import overlaid

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def second_node(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A node that only the jobs of these tests tolerate. It goes after the last of them."""
    if not isinstance(cluster, EmbeddedCluster):
        pytest.fail(
            f"the cluster {cluster.name} has no second node: choose embedded, or deselect this folder"
        )
    node = cluster.add_node()
    cluster.kubectl("taint", "node", node, "faults=here:NoSchedule", "--overwrite")
    yield node
    cluster.kubectl("taint", "node", node, "faults-")
    if is_last_module(request):
        cluster.remove_node()


def is_last_module(request: pytest.FixtureRequest) -> bool:
    """A fixture of the session would keep the node for tests that need it gone."""
    ours = [item.path for item in request.session.items if item.path.is_relative_to(FOLDER)]
    return ours[-1] == request.path


@pytest.fixture(scope="module")
def faulty(product: Product, second_node: str) -> Iterator[Product]:
    """The product with `settings.yaml` over its configuration."""
    with overlaid(product.cluster):
        yield product


@pytest.fixture(scope="module")
def pods(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodWatch]:
    watch = PodWatch(product, tmp_path_factory.mktemp("pods") / "events.json")
    yield watch
    watch.stop()


@pytest.fixture
def place(namespace: Namespace, faulty: Product, pods: PodWatch) -> FaultPlace:
    """The test's namespace with the code of `jobs/` in it."""
    return open_place(namespace, faulty, pods)


@pytest.fixture(autouse=True)
def _seconds(request: pytest.FixtureRequest, place: FaultPlace) -> Iterator[None]:
    begin = time.monotonic()
    yield
    print(f"{request.node.name}: {time.monotonic() - begin:.1f} s")
