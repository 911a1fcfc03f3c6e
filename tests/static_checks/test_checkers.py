"""What type checkers find in code with typed jobs, and what they let pass: tests/data/typing/examples.py."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "data/typing/examples.py"
Found = set[tuple[int, str]]
"""Line and rule."""


def checked(argv: Sequence[str], folder: Path) -> str:
    """What the program prints. It exits with 1, because it finds something."""
    program = str(Path(sys.executable).with_name(argv[0]))
    command = [program, *argv[1:]]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return ended.stdout


def expected(checker: str) -> Found:
    return {
        (number, rule)
        for number, line in enumerate(EXAMPLES.read_text().splitlines(), 1)
        for rules in re.findall(rf"# expect:.* {checker}\[(.*?)\]", line)
        for rule in rules.split(",")
    }


def compared(found: Iterable[tuple[int, str]], checker: str) -> None:
    lines = ["", *EXAMPLES.read_text().splitlines()]
    surprising = expected(checker) ^ set(found)
    assert not [f"{number}: {rule}: {lines[number]}" for number, rule in sorted(surprising)]


def test_mypy_finds_each_mistake_and_nothing_else(tmp_path: Path) -> None:
    strict = ("--strict", "--warn-unreachable", "--config-file=", "--cache-dir=/dev/null", "--output=json")
    told = [json.loads(line) for line in checked(["mypy", *strict, str(EXAMPLES)], tmp_path).splitlines()]
    compared(((one["line"], one["code"]) for one in told if one["severity"] == "error"), "mypy")


def test_pyright_finds_each_mistake_and_nothing_else(tmp_path: Path) -> None:
    strict = {"typeCheckingMode": "strict", "include": [str(EXAMPLES)]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(strict))
    told = json.loads(checked(["basedpyright", f"--pythonpath={sys.executable}", "--outputjson"], tmp_path))
    compared(
        ((one["range"]["start"]["line"] + 1, one["rule"]) for one in told["generalDiagnostics"]), "pyright"
    )


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_the_examples_expect_something_of_each_checker(checker: str) -> None:
    assert len(expected(checker)) > 30
