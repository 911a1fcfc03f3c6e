"""checkov and kube-score on the chart as a release is installed: each finding has a written reason."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from chart_renders import RELEASED, rendered_file
from tests.cluster.progress import Progress
from tests.tools.programs import ensure_program

Findings = set[tuple[str, str]]
CRITICAL = 1
# It exists while `helm test` runs, and no longer.
TEST_POD = "backgroundjob-test"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered_file(tmp_path_factory.mktemp("released"), *RELEASED)


def answer(argv: Iterable[str]) -> Any:
    """Decoded output of a checker. Its exit code only repeats that it found something."""
    ended = subprocess.run(list(argv), capture_output=True, text=True, check=False, timeout=300)
    assert ended.stdout.strip(), ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def checkov(checkers: Path, released: Path) -> dict[str, Any]:
    argv = ["checkov", "--framework=kubernetes", f"--file={released}", "--skip-download", "--output=json"]
    report: dict[str, Any] = answer([str(checkers / argv[0]), *argv[1:]])
    return report


def accepted(reasons: dict[str, dict[str, str]]) -> Findings:
    return {(name, check) for name, checks in reasons.items() for check in checks}


def test_checkov_finds_what_has_a_reason_and_nothing_else(checkov: dict[str, Any], reasons: Any) -> None:
    failed = checkov["results"]["failed_checks"]
    # A resource is Kind.namespace.name, sometimes with labels behind.
    found = {(check["resource"].split(".")[2], check["check_id"]) for check in failed}
    assert found == accepted(reasons["checkov"])


def test_checkov_read_every_object_and_passed_most(checkov: dict[str, Any]) -> None:
    summary = checkov["summary"]
    assert summary["parsing_errors"] == 0
    assert summary["passed"] > 100


def test_checkov_fails_at_most_three_checks(checkov: dict[str, Any]) -> None:
    assert checkov["summary"]["failed"] <= 3


def test_checkov_skips_nothing_of_what_stays_installed_and_nothing_without_a_reason(
    checkov: dict[str, Any],
) -> None:
    skipped = checkov["results"]["skipped_checks"]
    assert all(TEST_POD in check["resource"] for check in skipped)
    assert all(len(check["check_result"]["suppress_comment"].split()) > 5 for check in skipped)


def test_kube_score_finds_nothing_critical_without_a_reason(released: Path, reasons: Any) -> None:
    program = ensure_program("kube-score", Progress())
    argv = [str(program), "score", "--kubernetes-version=v1.36", "--output-format=json", str(released)]
    found = {
        (scored["object_meta"]["name"], check["check"]["id"])
        for scored in answer(argv)
        for check in scored["checks"]
        if check["grade"] <= CRITICAL and not check["skipped"]
    }
    assert found == accepted(reasons["kube-score"])


def test_every_reason_is_a_sentence(reasons: Any) -> None:
    sentences = [
        text for checker in reasons.values() for checks in checker.values() for text in checks.values()
    ]
    assert [text for text in sentences if len(text.split()) < 6 or not text.endswith(".")] == []
