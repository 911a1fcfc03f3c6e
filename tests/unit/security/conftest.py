from pathlib import Path

import pytest

from runner_process import RunnerProcess


@pytest.fixture
def runner(tmp_path: Path) -> RunnerProcess:
    return RunnerProcess(tmp_path)
