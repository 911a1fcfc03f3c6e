"""The checkers of .venv-checks, and the reasons for what they may find."""

from pathlib import Path

import pytest
import yaml

from tests.cluster.errors import ClusterError
from tests.cluster.paths import ROOT

Reasons = dict[str, dict[str, str]]


@pytest.fixture(scope="session")
def checkers() -> Path:
    """Directory of the programs that requirements/checks.txt brings."""
    found = ROOT / ".venv-checks/bin"
    if not found.is_dir():
        raise ClusterError(f"{found} is missing: run `make test-checks`, which makes it")
    return found


@pytest.fixture(scope="session")
def reasons() -> dict[str, Reasons]:
    """By checker, object and check: why the finding is accepted."""
    loaded: dict[str, Reasons] = yaml.safe_load(Path(__file__).with_name("exceptions.yaml").read_text())
    return loaded
