"""A backend in memory for every test of typed jobs."""

from collections.abc import Iterator

import pytest

from backgroundjob.testing import InMemoryBackend, use_backend


@pytest.fixture(autouse=True)
def jobs() -> Iterator[InMemoryBackend]:
    """The backend of every call in the test."""
    backend = InMemoryBackend()
    with use_backend(backend):
        yield backend
