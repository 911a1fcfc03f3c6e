"""One backend per test, which nothing runs but the test."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import inline_jobs
from backgroundjob import use_backend
from backgroundjob_operator.local.inline import InlineBackend

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without a settings file, and nothing noted yet."""
    monkeypatch.chdir(tmp_path)
    inline_jobs.calls.clear()
    yield
    inline_jobs.calls.clear()


@pytest.fixture
def inline() -> Iterator[InlineBackend]:
    """Runs at submission, from noon on."""
    with use_backend(InlineBackend(start=NOON)) as backend:
        yield backend


@pytest.fixture
def waiting() -> Iterator[InlineBackend]:
    """Runs when it is told to, from noon on."""
    with use_backend(InlineBackend(run_on_submit=False, start=NOON)) as backend:
        yield backend
