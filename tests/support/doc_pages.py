"""The fenced blocks of the pages that users read, and what is known of those that nothing runs."""

import ast
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from markdown_it import MarkdownIt

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = tuple(
    str(path.relative_to(ROOT))
    for path in (
        ROOT / "README.md",
        *sorted(ROOT.glob("docs/*.md")),
        ROOT / "examples/README.md",
        *sorted(ROOT.glob("examples/*/README.md")),
    )
)
EXCEPTIONS: Final = ROOT / "tests/docs/exceptions.yaml"
SETUP: Final = "setup"
"""Language of a hidden block: `<!-- setup: bgjob run … -->`, commands that run before what follows."""
SHELL: Final = frozenset({"sh", "console", SETUP})
DOCUMENTS: Final = frozenset({"yaml", "json"})
_SETUP_COMMENT: Final = re.compile(r"<!-- setup: (.*?) -->", re.DOTALL)
_NEEDS_A_CLUSTER: Final = re.compile(r"^(?:\$ )?(?:kubectl|helm) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. `page` is a path below the root, `line` that of its first line of code."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]

    @property
    def needs_a_cluster(self) -> bool:
        """Whether a command in it speaks to the API server by itself."""
        return self.language in SHELL and bool(_NEEDS_A_CLUSTER.search(self.text))


@dataclass(frozen=True, slots=True)
class Exemption:
    """A block that no rule runs: why, or which test does. `unless`: only where that program is missing."""

    page: str
    first_line: str
    reason: str = ""
    checked_by: str = ""
    unless: str = ""

    @property
    def holds(self) -> bool:
        return not self.unless or shutil.which(self.unless) is None


def blocks_of(page: str, text: str) -> list[Block]:
    """Every fenced or indented block, and the hidden ones, in order."""
    found = []
    for token in MarkdownIt().parse(text):
        line = (token.map or [0])[0]
        if token.type == "fence":
            found.append(Block(page, line + 2, token.info.strip(), token.content))
        elif token.type == "code_block":
            found.append(Block(page, line + 1, "", token.content))
        elif token.type == "html_block":
            hidden = _SETUP_COMMENT.findall(token.content)
            found += [Block(page, line + 1, SETUP, commands + "\n") for commands in hidden]
    return found


@cache
def all_blocks() -> Sequence[Block]:
    """Those of every page."""
    return [block for page in PAGES for block in blocks_of(page, (ROOT / page).read_text())]


@cache
def exemptions() -> Sequence[Exemption]:
    """The list in exceptions.yaml."""
    rows: list[dict[str, Any]] = yaml.safe_load(EXCEPTIONS.read_text())
    return [
        Exemption(row.pop("page"), row.pop("block").rstrip("\n"), **{key: str(row[key]) for key in row})
        for row in rows
    ]


def exemption_of(block: Block) -> Exemption | None:
    """Its row in the list, if there is one that holds on this machine."""
    for row in exemptions():
        if row.holds and (row.page, row.first_line) == (block.page, block.first_line):
            return row
    return None


def defined_in(path: Path) -> set[str]:
    """Names of the tests and functions of a module, by its path below the root."""
    nodes = ast.walk(ast.parse((ROOT / path).read_text()))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def script() -> Sequence[Block]:
    """The commands of README.md that need no cluster, in order."""
    readme = [block for block in all_blocks() if block.page == "README.md" and block.language in SHELL]
    return [block for block in readme if not block.needs_a_cluster and exemption_of(block) is None]


def to_run(*, cluster: bool) -> dict[str, list[Block]]:
    """The blocks of each page that are run, here or on a cluster, in order.

    The commands of README.md are one script, which tests/readme runs in a clone.
    """
    pages: dict[str, list[Block]] = {}
    for block in all_blocks():
        is_code = block.language == "python" or block.language in SHELL
        is_script = not block.needs_a_cluster and block in script()
        if is_code and not is_script and cluster == block.needs_a_cluster and exemption_of(block) is None:
            pages.setdefault(block.page, []).append(block)
    return pages
