"""The real cluster and the product's images in it, once per run of the suite."""

import itertools
import os
from collections.abc import Iterator

import pytest

from e2e_product import Namespace, Product
from tests.cluster.choose import open_cluster
from tests.cluster.progress import Progress
from tests.cluster.protocol import Cluster, Images


@pytest.fixture(scope="session")
def progress() -> Progress:
    return Progress()


@pytest.fixture(scope="session")
def cluster(progress: Progress, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A running cluster, whose node is Ready.

    It stays when it was running before, or with BACKGROUNDJOB_KEEP_CLUSTER=1.
    """
    capture = request.config.pluginmanager.getplugin("capturemanager")
    found = open_cluster(progress)
    stays = os.environ.get("BACKGROUNDJOB_KEEP_CLUSTER") == "1" or found.running()
    with capture.global_and_fixture_disabled():
        progress.say("")
        found.up()
    yield found
    if not stays:
        found.down()


@pytest.fixture(scope="session")
def images(cluster: Cluster, progress: Progress, request: pytest.FixtureRequest) -> Images:
    """References of the operator's, the runner's and the examples' image, built and loaded."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        progress.say("")
        return cluster.provide_images()


@pytest.fixture(scope="session")
def product(cluster: Cluster, images: Images) -> Product:
    """The operator, installed with Helm and ready."""
    installed = Product(cluster, images)
    installed.install()
    return installed


_numbers = itertools.count(1)


@pytest.fixture
def namespace(product: Product) -> Iterator[Namespace]:
    """A namespace of this test; it goes with all that is in it."""
    yield from _namespace(product)


@pytest.fixture(scope="module")
def module_namespace(product: Product) -> Iterator[Namespace]:
    """A namespace of this module."""
    yield from _namespace(product)


def _namespace(product: Product) -> Iterator[Namespace]:
    name = f"e2e-{os.getpid()}-{next(_numbers)}"
    product.cluster.kubectl("create", "namespace", name)
    yield Namespace(product, name)
    product.cluster.kubectl("delete", "namespace", name, "--wait=false")
