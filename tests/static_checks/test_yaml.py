"""Every YAML file of the tree passes yamllint: no key twice, no word that YAML takes for a truth value."""

from pathlib import Path

import pytest

from tests.cluster.commands import run
from tests.cluster.errors import CommandError
from tests.cluster.paths import ROOT


def yamllint(checkers: Path, *arguments: str) -> str:
    config = f"--config-file={ROOT / '.yamllint.yaml'}"
    return run([str(checkers / "yamllint"), "--strict", config, *arguments], directory=ROOT)


def test_every_yaml_file_is_clean(checkers: Path) -> None:
    files = run(["git", "ls-files", "*.yaml", "*.yml"], directory=ROOT).split()
    assert "charts/backgroundjob/values.yaml" in files
    yamllint(checkers, *files)


def test_a_key_given_twice_would_be_found(checkers: Path, tmp_path: Path) -> None:
    (tmp_path / "twice.yaml").write_text("a: 1\na: 2\n")
    with pytest.raises(CommandError, match="duplication of key"):
        yamllint(checkers, str(tmp_path / "twice.yaml"))
