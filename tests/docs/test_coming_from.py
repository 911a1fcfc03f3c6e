"""docs/coming-from.md: each row of its table has a section that runs, and a test that exists."""

import re
from pathlib import Path

import pytest

from doc_pages import ROOT, all_blocks, defined_in

PAGE = (ROOT / "docs/coming-from.md").read_text()
ROWS = re.findall(r"^\| (.+) \| \[(.+)\]\(#(.+)\) \| `(tests/.+)::(\w+)` \|$", PAGE, re.MULTILINE)


def heading_above(line: int) -> str:
    above = [text for text in PAGE.splitlines()[:line] if text.startswith("## ")]
    return above[-1].removeprefix("## ")


def test_the_rows_are_the_sections_in_their_order() -> None:
    assert [title for _, title, _, _, _ in ROWS] == re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert [anchor for _, _, anchor, _, _ in ROWS] == [row[1].lower().replace(" ", "-") for row in ROWS]
    assert len(ROWS) == 16


@pytest.mark.parametrize(("path", "name"), [row[3:] for row in ROWS], ids=[row[1] for row in ROWS])
def test_the_test_of_a_row_exists(path: str, name: str) -> None:
    assert name in defined_in(Path(path))


def test_each_section_shows_how_it_is_done() -> None:
    shown = {heading_above(block.line) for block in all_blocks() if block.page == "docs/coming-from.md"}
    assert shown == {row[1] for row in ROWS}
