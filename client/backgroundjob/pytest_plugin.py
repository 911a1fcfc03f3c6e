"""Fixtures for tests of code that submits jobs. Imports nothing of this distribution until a test asks.

bgjob_fake   records what is submitted and runs nothing; `assert_enqueued` and its kin
bgjob_local  runs jobs in the test's own process, by the real rules, on a clock that the test moves
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from backgroundjob.testing import InMemoryBackend


@pytest.fixture
def bgjob_fake() -> "Iterator[InMemoryBackend]":
    """Every submission of the test goes to this backend in memory, which runs nothing."""
    from backgroundjob.testing import InMemoryBackend, use_backend  # noqa: PLC0415  for tests that ask

    backend = InMemoryBackend()
    with use_backend(backend):
        yield backend


@pytest.fixture
def bgjob_local() -> Iterator[Any]:
    """Every submission of the test waits in this backend until `run_until_idle()` or `advance("1h")`.

    What runs is what a cluster would run, by the same rules and at the same times, but the clock is virtual:
    hours of back-off take milliseconds. It allows every typed job that the process has imported. Needs
    `backgroundjob[local]`.
    """
    from backgroundjob import plugins, use_backend  # noqa: PLC0415  for tests that ask

    inline = plugins.load(plugins.BACKENDS, "inline", "the fixture bgjob_local")
    with use_backend(inline(run_on_submit=False)) as backend:
        yield backend
