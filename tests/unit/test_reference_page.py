"""docs/reference.md is made from the code, and leaves out nothing that is public."""

import re

from doc_pages import ROOT
from tests.reference_tool.page import PAGE, render_page
from tests.reference_tool.variables import OPERATOR, RUNNER, VARIABLES

_VARIABLE = re.compile(r"\"(BACKGROUNDJOB_[A-Z_]+[A-Z]|DEFAULT_(?:RETRY_ATTEMPTS|DELAY|PRIORITY))\"")
_USERS = ("client", "runner_image", "operator/backgroundjob_operator/local")


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == render_page(), "run: make reference"


def test_it_has_every_variable_that_the_code_of_users_reads() -> None:
    sources = [path.read_text() for folder in _USERS for path in (ROOT / folder).rglob("*.py")]
    read = {name for source in sources for name in _VARIABLE.findall(source)}
    others = {"KUBECONFIG", "NO_COLOR"}
    assert sorted(VARIABLES.keys() - others) == sorted(read - {*RUNNER, *OPERATOR})


def test_no_object_of_this_run_is_on_it() -> None:
    assert not re.search(r"0x[0-9a-f]{6,}|<class |/work/|/tmp/", PAGE.read_text())
