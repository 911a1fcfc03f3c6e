"""What docs/quickstart.md builds for a cluster, and tests alone can check without one."""

from doc_pages import ROOT, all_blocks


def test_the_image_is_made_as_that_of_the_examples() -> None:
    (page,) = [block.text for block in all_blocks() if block.language == "dockerfile"]
    example = (ROOT / "examples/image/Dockerfile").read_text()
    version = example.partition("ARG BASE_IMAGE=")[2].partition("\n")[0]
    assert page == f"FROM {version}\nCOPY jobs.py /app/\n"
    assert "COPY jobs/ /app/jobs/\n" in example
