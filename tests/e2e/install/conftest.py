"""These tests install and remove the product; after each it is there again as the others expect it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e_product import Product
from previous import Previous, provide_previous
from tests.e2e.install.cleared import clear


@pytest.fixture(scope="module")
def previous(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Previous:
    """The version before this one; its images are loaded."""
    return provide_previous(product.cluster, Path(tmp_path_factory.mktemp("previous")))


@pytest.fixture
def cleared(product: Product) -> Iterator[Product]:
    """No release, no object and no CRD of ours. Only the anchor stays, as after any uninstall."""
    clear(product.cluster)
    yield product
    clear(product.cluster)
    product.install()
