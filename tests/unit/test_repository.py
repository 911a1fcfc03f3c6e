"""Rules of the tree itself: what keeps it readable, and what would break it silently."""

import ast
import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import backgroundjob

ROOT = Path(__file__).resolve().parents[2]
PROJECT_FOLDERS = ("operator", "client", "runner_image", "dashboard")
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
MODULE_LINES = 250
FUNCTION_LINES = 40
LONG_MODULE_REASON = "longer than 250 lines because"


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", PROJECT_FOLDERS)
def test_a_project_folder_is_never_a_package(folder: str) -> None:
    """A package named operator would shadow the standard library's and kill `python -m pytest`."""
    assert list((ROOT / folder).glob("*.py")) == []


def test_test_folders_are_no_packages() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize("path", sources("client", "operator", "runner_image"), ids=lambda path: path.name)
def test_a_module_has_at_most_250_lines_or_says_why(path: Path) -> None:
    text = path.read_text()
    lines = len(text.splitlines())
    assert lines <= MODULE_LINES or LONG_MODULE_REASON in text, f"{path} has {lines} lines: split it"


@pytest.mark.parametrize("path", sources("client", "operator", "runner_image"), ids=lambda path: path.name)
def test_a_function_has_at_most_40_lines(path: Path) -> None:
    """Docstrings and decorators apart."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            lines = (node.end_lineno or 0) - body[0].lineno + 1
            assert lines <= FUNCTION_LINES, f"{path}:{node.lineno} {node.name} has {lines} lines"


def test_every_entry_point_loads() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {("console_scripts", name) for name in project["scripts"]}
    declared |= {(group, name) for group, names in project["entry-points"].items() for name in names}
    found = {
        (point.group, point.name): point
        for group in {group for group, _ in declared}
        for point in entry_points(group=group)
    }
    for key in sorted(declared):
        assert found[key].load() is not None, key


def test_the_changelog_begins_with_the_version_of_the_code() -> None:
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert headings[0].split()[1] == backgroundjob.__version__


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_pages_name_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"(?<![\w-])make ([a-z][a-z0-9-]+)", "\n".join(code(page.read_text()))):
            assert target in targets, f"{page.name} says make {target}"


def code(text: str) -> list[str]:
    """What a page sets in code, inline and in blocks."""
    return re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)
