"""Nothing is installed that is not pinned and hashed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
DOCKERFILE = ROOT / "operator/Dockerfile"


def requirements(lock: Path) -> list[str]:
    """Each requirement with its hashes, in one line."""
    return lock.read_text().replace("\\\n", " ").splitlines()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_requirement_is_pinned_and_hashed(lock: Path) -> None:
    pinned = re.compile(r"[a-z0-9][a-z0-9._-]*==\S+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [line for line in requirements(lock) if not pinned.fullmatch(line)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_lock_is_written_by_make_lock(lock: Path) -> None:
    assert f"-o requirements/{lock.name}" in (ROOT / "Makefile").read_text()


def installs(dockerfile: Path) -> list[str]:
    """Each command that installs, by pip or by the variable that holds one."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    commands = re.split(r"[;\n]|&&|\|\|", "\n".join(lines).replace("\\\n", " "))
    return [command.strip() for command in commands if re.search(r"^\s*\$install|\binstall -", command)]


def test_the_operators_image_installs_hashed_requirements_and_the_project_itself() -> None:
    definition, *commands = installs(DOCKERFILE)
    assert definition.startswith('install="$pip install ')
    assert "--no-deps" in definition
    assert [command for command in commands if "--require-hashes -r requirements/" not in command] == [
        '$install --target=/opt/backgroundjob --no-build-isolation --upgrade "$project"'
    ]
    assert len(commands) == 3


def test_the_runners_image_installs_nothing() -> None:
    assert installs(ROOT / "runner_image/Dockerfile") == []
