"""Two replicas that share the cluster with no other operator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e_operator import OperatorProcess
from e2e_product import NAMESPACE, Product
from tests.e2e.availability.replicas import LEASE, Replicas


@pytest.fixture
def replicas(product: Product, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Replicas]:
    """With the times that a marker `lease_times` names, the usual ones without it."""
    marker = request.node.get_closest_marker("lease_times")
    settings = {"LEASE": LEASE, **(marker.args[0] if marker else {})}
    product.scale(0)
    first, second = (
        OperatorProcess(product, tmp_path, name, port, settings)
        for name, port in (("first", 18081), ("second", 18082))
    )
    found = Replicas(product, (first, second))
    try:
        found.start()
        yield found
    finally:
        for process in found.processes:
            process.kill()
        product.cluster.kubectl("-n", NAMESPACE, "delete", "lease", LEASE, "--ignore-not-found")
        product.scale(1)
