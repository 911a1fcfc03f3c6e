"""A clean environment, and backends to test with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backgroundjob.backends import use_backend
from backgroundjob.backends.cluster import ClusterBackend
from backgroundjob.backends.kube_config import Connection
from backgroundjob.testing import InMemoryBackend
from fake_api_server import FakeApiServer, serving

_ENVIRONMENT = (
    "BACKGROUNDJOB_BACKEND",
    "DEFAULT_DELAY",
    "DEFAULT_PRIORITY",
    "DEFAULT_RETRY_ATTEMPTS",
    "KUBECONFIG",
    "KUBERNETES_SERVICE_HOST",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in _ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "110")


@pytest.fixture
def jobs() -> Iterator[InMemoryBackend]:
    """The backend of every call in the test."""
    with use_backend(InMemoryBackend()) as backend:
        assert isinstance(backend, InMemoryBackend)
        yield backend


@pytest.fixture
def api() -> Iterator[FakeApiServer]:
    """A running fake API server."""
    with serving() as fake:
        yield fake


@pytest.fixture
def cluster(api: FakeApiServer) -> Iterator[ClusterBackend]:
    """A cluster backend in front of the fake API server, with `shop` as its namespace."""
    from kubernetes.client import ApiClient, Configuration  # noqa: PLC0415  0.4 s, for these tests alone

    client = ApiClient(Configuration(host=api.url))
    yield ClusterBackend(connection=Connection(client, "shop"))
    client.rest_client.close()
