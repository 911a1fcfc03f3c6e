"""The PHP of the pages, where there is a php."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from doc_pages import Block, all_blocks
from tests.docs.pages.http import pod

CALL = "echo json_encode(run_background_job('shop', 'invoice-42', 'InvoiceJob', 'create', ['number' => 42]));"


@pytest.mark.skipif(not shutil.which("php"), reason="no php here; Debian has it: php-cli, php-curl")
@pytest.mark.parametrize("block", [block for block in all_blocks() if block.language == "php"], ids=str)
def test_the_function_submits_the_job(block: Block, tmp_path: Path) -> None:
    with pod(tmp_path) as (_, replace):
        code = f"{block.text}\n{CALL}"
        for old, new in replace.items():
            code = code.replace(old, new)
        answer = subprocess.run(["php", "-r", code], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(answer.stdout) == {"name": "invoice-42", "uid": "u-1"}
