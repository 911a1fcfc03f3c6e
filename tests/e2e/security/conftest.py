"""Namespaces that have the code of `jobs/`."""

from collections.abc import Iterator

import pytest

from e2e_product import Namespace, Product
from tests.e2e.security.probes import bring_code, probes_allowed


@pytest.fixture(scope="module")
def probes(product: Product) -> Iterator[None]:
    """ProbeJob may run."""
    with probes_allowed(product, "probe"):
        yield


@pytest.fixture
def probed(namespace: Namespace, probes: None) -> Namespace:
    """A namespace of this test with the code."""
    return bring_code(namespace)


@pytest.fixture(scope="module")
def module_probed(module_namespace: Namespace, probes: None) -> Namespace:
    """A namespace of this module with the code."""
    return bring_code(module_namespace)
