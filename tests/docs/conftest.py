"""Where a page runs: an empty directory with the sample jobs in it, and local mode."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from backgroundjob.backends import use_backend
from backgroundjob_operator.local.backend import LocalBackend
from doc_pages import ROOT
from doc_session import Bash, PageSession, environment_of_a_page

PAGES = Path(__file__).parent / "pages"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory, which is the current one; the environment is as the page's reader has it."""
    shutil.copytree(ROOT / "examples/jobs", tmp_path / "jobs", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("backgroundjob.yaml", "pagejobs.py"):
        shutil.copy(PAGES / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("BACKGROUNDJOB_BACKEND", "local")
    return tmp_path


@pytest.fixture
def session(place: Path) -> Iterator[PageSession]:
    """Bash and Python with the same jobs and the same engine's files."""
    backend = LocalBackend()
    environment = environment_of_a_page(BACKGROUNDJOB_BACKEND="local")
    with use_backend(backend), PageSession(Bash(place, environment)) as running:
        yield running
    backend.objects.close()
