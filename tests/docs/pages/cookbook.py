"""docs/cookbook.md runs inline, with the queue that it names."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doc_session import PageSession
from tests.docs.pages import inline_page


@contextmanager
def around(session: PageSession, place: Path) -> Iterator[None]:
    settings = "config: {queues: {mail: {concurrency: 2}}}\n"
    with inline_page.around(session, place, settings, run_on_submit=False):
        try:
            yield
        finally:
            # What a process of its own would leave to its end.
            logging.getLogger("backgroundjob").handlers.clear()
            for name, end in (("database", "close"), ("engine", "dispose")):
                getattr(session.namespace.get(name), end, bool)()
