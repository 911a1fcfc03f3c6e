"""docs/availability.md looks at the Lease of the installation that is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doc_session import PageSession
from e2e_product import Namespace


@contextmanager
def around(session: PageSession, namespace: Namespace, folder: Path) -> Iterator[None]:
    yield
