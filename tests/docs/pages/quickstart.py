"""docs/quickstart.md begins in an empty folder."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doc_session import PageSession


@contextmanager
def around(session: PageSession, place: Path) -> Iterator[None]:
    shutil.rmtree(place / "jobs")
    for name in ("backgroundjob.yaml", "pagejobs.py"):
        (place / name).unlink()
    yield
