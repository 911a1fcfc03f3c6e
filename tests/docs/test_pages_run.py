"""What the pages show happens: their commands and their Python run from top to bottom, in local mode."""

from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path

import pytest

from doc_pages import to_run
from doc_session import PageSession

PAGES = to_run(cluster=False)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_shows(page: str, session: PageSession, place: Path) -> None:
    with hidden_set_up(page, session, place):
        for block in PAGES[page]:
            session.run(block)


def hidden_set_up(page: str, session: PageSession, place: Path) -> AbstractContextManager[None]:
    """`around` of tests/docs/pages/<page>.py, where there is one."""
    name = Path(page).stem.replace("-", "_")
    if not (Path(__file__).parent / "pages" / f"{name}.py").exists():
        return nullcontext()
    found: AbstractContextManager[None] = import_module(f"tests.docs.pages.{name}").around(session, place)
    return found
