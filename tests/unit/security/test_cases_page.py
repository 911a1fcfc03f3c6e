"""docs/security-cases.md is whole, and names tests that exist; docs/security.md promises nothing else."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[3]
CASES: Final = (ROOT / "docs/security-cases.md").read_text()
ROWS: Final = re.findall(r"^\| (SEC-\d\d) \| (.+?) \| (.+?) \|$", CASES, re.MULTILINE)
TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
NUMBERED: Final = re.compile(r"test_sec_(\d\d)_\w+")


@cache
def names_in(path: str) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, functions)
    }


def test_every_number_has_one_row_in_order() -> None:
    assert [number for number, _, _ in ROWS] == [f"SEC-{number:02}" for number in range(1, 31)]
    assert len(ROWS) == CASES.count("| SEC-")


@pytest.mark.parametrize(("number", "shown_by"), [(row[0], row[2]) for row in ROWS])
def test_a_row_names_tests_that_exist_or_says_why_there_is_none(number: str, shown_by: str) -> None:
    named = TEST.findall(shown_by)
    assert named or shown_by.startswith("not run: "), number
    for path, name in named:
        assert name in names_in(path), f"{number} names {path}::{name}"


def test_the_row_of_a_number_names_every_file_that_has_a_test_with_it() -> None:
    named = {(number, path) for number, _, shown_by in ROWS for path, _ in TEST.findall(shown_by)}
    paths = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")]
    numbered = {
        (f"SEC-{match[1]}", path)
        for path in paths
        for match in map(NUMBERED.fullmatch, names_in(path))
        if match
    }
    assert len(numbered) > 20
    assert numbered <= named


def test_a_promise_rests_on_cases_that_are_run() -> None:
    promised = re.findall(
        r"^\| .+? \| .+? \| ((?:SEC-\d\d(?:, )?)+) \|$", (ROOT / "docs/security.md").read_text(), re.MULTILINE
    )
    shown = {number for number, _, shown_by in ROWS if TEST.search(shown_by)}
    named = {number for cell in promised for number in cell.split(", ")}
    assert len(promised) >= 15
    assert named <= shown
