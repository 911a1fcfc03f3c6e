"""docs/coming-from.md runs under the settings that it shows, and tries again at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doc_pages import all_blocks
from doc_session import PageSession


@contextmanager
def around(session: PageSession, place: Path) -> Iterator[None]:
    (settings,) = [
        block.text
        for block in all_blocks()
        if (block.page, block.first_line) == ("docs/coming-from.md", "allowList:")
    ]
    assert "delaySeconds: 30" in settings
    (place / "backgroundjob.yaml").write_text(settings.replace("delaySeconds: 30", "delaySeconds: 0"))
    yield
