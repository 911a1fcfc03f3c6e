"""Every code block of README and docs is run or checked, or is a listed exception with a reason."""

from collections import Counter
from pathlib import Path

import pytest

from doc_documents import check_documents
from doc_pages import DOCUMENTS, SHELL, Block, Exemption, all_blocks, defined_in, exemption_of, exemptions

RUN = {"python", "php", *SHELL}
"""Languages whose blocks the other modules of this folder run."""


@pytest.mark.parametrize("block", all_blocks(), ids=str)
def test_a_block_has_a_rule_or_an_exception(block: Block) -> None:
    assert block.language in RUN | DOCUMENTS or exemption_of(block), (
        f"nothing runs or checks this block of {block.language or 'no language'}: {block.first_line}"
    )


@pytest.mark.parametrize("block", [b for b in all_blocks() if b.language in DOCUMENTS], ids=str)
def test_a_document_is_taken_by_who_reads_it(block: Block) -> None:
    assert check_documents(block.text)


@pytest.mark.parametrize("row", exemptions(), ids=lambda row: f"{row.page}: {row.first_line[:40]}")
def test_an_exception_names_a_block_that_exists_and_says_why(row: Exemption) -> None:
    found = Counter((block.page, block.first_line) for block in all_blocks())
    assert found[row.page, row.first_line] == 1
    assert bool(row.reason) != bool(row.checked_by)


@pytest.mark.parametrize("test", sorted({row.checked_by for row in exemptions()} - {""}))
def test_a_test_that_stands_in_for_a_rule_exists(test: str) -> None:
    path, _, name = test.partition("::")
    assert name in defined_in(Path(path))
