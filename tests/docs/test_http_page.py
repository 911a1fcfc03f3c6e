"""The YAML of docs/http.md is what the helper submits."""

import yaml

from command_line import bgjob
from doc_pages import all_blocks


def test_the_yaml_example_is_what_the_helper_submits() -> None:
    page = [block for block in all_blocks() if (block.page, block.language) == ("docs/http.md", "yaml")]
    answer = bgjob(
        *("run", "InvoiceJob.create", "number:=42", "--name", "invoice-42", "-n", "shop", "--dry-run"),
        *("--retries", "3", "--retry-delay", "10", "--delay", "60", "--priority", "high"),
    )
    assert yaml.safe_load(answer.out) == yaml.safe_load(page[0].text)
