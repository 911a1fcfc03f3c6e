"""docs/troubleshooting.md has a row for each reason and each cause, and commands that exist."""

import re
import shlex

import pytest

from backgroundjob.api.reasons import Cause, Reason
from backgroundjob.testing import InMemoryBackend, use_backend
from command_line import bgjob
from doc_pages import ROOT

PAGE = (ROOT / "docs/troubleshooting.md").read_text()
ROWS = re.findall(r'^\| <a id="(reason|cause)-(\w+)"></a>(\w+) \| (.*) \|$', PAGE, re.MULTILINE)
COMMANDS = sorted({*re.findall(r"`(bgjob [^`]+)` \|$", PAGE, re.MULTILINE)})


@pytest.mark.parametrize(("kind", "words"), [("reason", Reason), ("cause", Cause)])
def test_every_word_has_one_row_and_no_other_word_has(kind: str, words: type[Reason | Cause]) -> None:
    assert sorted(anchor for found, anchor, _, _ in ROWS if found == kind) == sorted(words)


def test_every_row_is_linked_by_its_word_and_ends_with_a_command() -> None:
    for _, anchor, word, rest in ROWS:
        cells = rest.split(" | ")
        assert anchor == word
        assert all(cells), word
        assert re.fullmatch(r"`(bgjob|kubectl) [^`]+`", cells[-1]), word


def test_links_inside_the_page_lead_to_a_row_or_a_heading() -> None:
    headings = {
        re.sub(r"[^\w -]", "", text).lower().replace(" ", "-")
        for text in re.findall("^##? (.*)", PAGE, re.MULTILINE)
    }
    anchors = {f"{kind}-{word}" for kind, word, _, _ in ROWS} | headings
    assert {*re.findall(r"\]\(#([^)]+)\)", PAGE)} <= anchors


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_one_that_bgjob_knows(line: str) -> None:
    """Exit code 2 is a wrong command line; whether it fits the state of NAME is not asked here."""
    with use_backend(InMemoryBackend()) as jobs:
        bgjob("run", "EmailJob.send", "--name", "name")
        assert isinstance(jobs, InMemoryBackend)
        jobs.add_log("name", "started")
        program, *arguments = shlex.split(line.replace("NAME", "name"))
        assert program == "bgjob"
        assert bgjob(*arguments).code != 2
