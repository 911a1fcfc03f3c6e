"""What the supply chain's tests share: the pinned programs and a registry on loopback."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.progress import Progress
from tests.cluster.protocol import wait_for
from tests.tools.programs import ensure_program


@pytest.fixture(scope="session")
def helm() -> Path:
    return ensure_program("helm4", Progress())


@pytest.fixture(scope="session")
def cosign() -> Path:
    return ensure_program("cosign", Progress())


@pytest.fixture(scope="session")
def crane() -> Path:
    return ensure_program("crane", Progress())


@pytest.fixture(scope="module")
def registry(crane: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an empty registry that speaks plain HTTP on loopback."""
    log = tmp_path_factory.mktemp("log") / "registry.log"
    argv = [str(crane), "registry", "serve", "--address=127.0.0.1:0"]
    with log.open("w") as written, subprocess.Popen(argv, stdout=written, stderr=written) as server:
        try:
            wait_for(lambda: port(log) is not None, "the start of the registry", timeout_seconds=20)
            yield f"127.0.0.1:{port(log)}"
        finally:
            server.terminate()


def port(log: Path) -> str | None:
    """The port that the registry says it listens on."""
    told = re.search(r"serving on port (\d+)", log.read_text())
    return told[1] if told else None
