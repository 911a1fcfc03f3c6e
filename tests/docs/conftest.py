"""Where a page runs: an empty directory with the sample jobs in it, or a copy of an example. Local mode."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from backgroundjob.backends import use_backend
from backgroundjob_operator.local.backend import LocalBackend
from doc_pages import ROOT
from doc_session import Bash, PageSession, environment_of_a_page

PAGES = Path(__file__).parent / "pages"
_WITHOUT = shutil.ignore_patterns("__pycache__", ".backgroundjob", "*.sqlite3")


@pytest.fixture
def example(request: pytest.FixtureRequest) -> Path | None:
    """The folder of the page, where it is an example's."""
    callspec = getattr(request.node, "callspec", None)
    page = Path(callspec.params.get("page", "") if callspec else "")
    return ROOT / page.parent if page.parts[:1] == ("examples",) else None


@pytest.fixture
def place(example: Path | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory, which is the current one; the environment is as the page's reader has it."""
    folder = tmp_path
    if example:
        folder = shutil.copytree(example, tmp_path / example.name, ignore=_WITHOUT)
    else:
        shutil.copytree(ROOT / "examples/jobs", tmp_path / "jobs", ignore=_WITHOUT)
        for name in ("backgroundjob.yaml", "pagejobs.py"):
            shutil.copy(PAGES / name, tmp_path)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("BACKGROUNDJOB_BACKEND", "local")
    return folder


@pytest.fixture
def session(example: Path | None, place: Path, tmp_path: Path) -> Iterator[PageSession]:
    """Bash and Python with the same jobs and the same engine's files."""
    backend = LocalBackend()
    environment = environment_of_a_page(BACKGROUNDJOB_BACKEND="local")
    if example:
        # As on a machine that knows no cluster: local mode is what remains.
        del environment["BACKGROUNDJOB_BACKEND"]
        environment |= {"HOME": str(tmp_path), "KUBECONFIG": "", "PIP_NO_INDEX": "1"}
    with use_backend(backend), PageSession(Bash(place, environment)) as running:
        yield running
    backend.objects.close()
