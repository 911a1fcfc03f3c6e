"""SEC-30: what turns data into code is not in the product's sources, and no check is an assert."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[3]
SOURCES: Final = sorted(
    path for folder in ("client", "operator", "runner_image") for path in (ROOT / folder).rglob("*.py")
)
FORBIDDEN_MODULES: Final = {
    "pickle",
    "_pickle",
    "cPickle",
    "dill",
    "marshal",
    "shelve",
    "code",
    "codeop",
    "imp",
}
FORBIDDEN_CALLS: Final = {
    *(
        "eval",
        "exec",
        "compile",
        "input",
        "breakpoint",
        "os.system",
        "os.popen",
        "yaml.load",
        "yaml.load_all",
    ),
    *("yaml.full_load", "yaml.unsafe_load", "yaml.unsafe_load_all", "subprocess.getoutput"),
    *("subprocess.getstatusoutput", "tempfile.mktemp", "ssl._create_unverified_context"),
}
IMPORTS_BY_NAME: Final = {"__import__", "importlib.import_module", "import_module"}
MAY_IMPORT_BY_NAME: Final = {
    # What the allow-list names; SEC-02 and SEC-03 show what is refused.
    "runner_image/backgroundjob_runner/target.py",
    # Modules that somebody types at `bgjob allow-list generate` or writes into a local settings file.
    "client/backgroundjob/catalogue.py",
    # Names out of tables in the same file.
    "client/backgroundjob/__init__.py",
    "client/backgroundjob/backends/kube_config.py",
}


def findings(tree: ast.AST, place: str) -> Iterator[str]:
    for node in ast.walk(tree):
        line = f"{place}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Assert):
            yield f"{line} assert"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else names
            yield from (
                f"{line} import {name}" for name in modules if name.split(".")[0] in FORBIDDEN_MODULES
            )
            yield from (
                f"{line} from {module} import {name}"
                for module in modules
                for name in names
                if f"{module}.{name}" in FORBIDDEN_CALLS
            )
        elif isinstance(node, ast.Call):
            yield from (f"{line} {problem}" for problem in problems_of(node, place))


def problems_of(call: ast.Call, place: str) -> Iterator[str]:
    name = ast.unparse(call.func)
    if name in FORBIDDEN_CALLS:
        yield f"{name}()"
    if name in IMPORTS_BY_NAME and place not in MAY_IMPORT_BY_NAME and not is_constant(call):
        yield f"{name}() of a computed name"
    for keyword in call.keywords:
        value = ast.unparse(keyword.value)
        if (keyword.arg == "shell" and value != "False") or (keyword.arg == "verify" and value == "False"):
            yield f"{keyword.arg}={value}"
        # aiohttp takes ssl=False as "do not verify".
        if keyword.arg == "ssl" and value in ("False", "None"):
            yield f"ssl={value}"


def is_constant(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sec_30_no_source_turns_data_into_code(path: Path) -> None:
    assert list(findings(ast.parse(path.read_text()), str(path.relative_to(ROOT)))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from marshal import loads",
        "import yaml\nyaml.load(text)",
        "from yaml import unsafe_load",
        "eval(text)",
        "exec(text)",
        "import os\nos.system(text)",
        "import subprocess\nsubprocess.run(text, shell=True)",
        "import subprocess\nsubprocess.run(text, shell=flag)",
        "import importlib\nimportlib.import_module(text)",
        "__import__(text)",
        "session.get(url, ssl=False)",
        "assert user.is_admin",
    ],
)
def test_sec_30_the_search_finds_it_where_it_is(source: str) -> None:
    assert list(findings(ast.parse(source), "anywhere.py"))


@pytest.mark.parametrize("place", sorted(MAY_IMPORT_BY_NAME))
def test_sec_30_an_import_by_name_is_where_it_is_said_to_be(place: str) -> None:
    calls = [node for node in ast.walk(ast.parse((ROOT / place).read_text())) if isinstance(node, ast.Call)]
    assert [call for call in calls if ast.unparse(call.func) in IMPORTS_BY_NAME and not is_constant(call)]
