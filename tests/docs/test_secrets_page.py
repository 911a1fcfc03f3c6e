"""What docs/secrets.md shows of a missing Secret is what the operator says of the page's own object."""

import yaml

from backgroundjob.api.backgroundjob import BackgroundJob
from backgroundjob_operator.engine.secrets import missing_secret_hint
from doc_pages import all_blocks


def test_the_message_is_the_operators() -> None:
    blocks = [block for block in all_blocks() if block.page == "docs/secrets.md"]
    job = BackgroundJob.parse(yaml.safe_load(blocks[0].text))
    (shown,) = [block.text for block in blocks if block.language == "text"]
    hint = missing_secret_hint(job.spec, "ContainerCreating")
    assert shown.splitlines()[-1] == f"Message:  {hint}"
