"""Every public name of the client has a type that all checkers read alike, as pyright counts it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of the whole package; what other packages leave untyped does not count."""
    programs = Path(sys.executable).parent
    argv = ["--verifytypes", "backgroundjob", "--ignoreexternal", "--outputjson"]
    # It looks for the package in the first Python of the path, and nowhere else.
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        [str(programs / "basedpyright"), *argv],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    found: dict[str, Any] = json.loads(ended.stdout)["typeCompleteness"]
    return found


def test_no_public_name_has_an_unknown_or_ambiguous_type(report: dict[str, Any]) -> None:
    unclear = {
        one["name"]: [why["message"] for why in one["diagnostics"]]
        for one in report["symbols"]
        if not one["isTypeKnown"] or one["isTypeAmbiguous"]
    }
    # Nobody imports the command line.
    assert {name: why for name, why in unclear.items() if not name.startswith("backgroundjob.cli.")} == {}


def test_it_was_the_client_that_was_counted(report: dict[str, Any]) -> None:
    assert report["pyTypedPath"].endswith("backgroundjob/py.typed")
    assert report["exportedSymbolCounts"]["withKnownType"] > 1000
