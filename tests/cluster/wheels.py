"""Wheels for an image build without a network: what the lock file names, pip itself and the project."""

import platform
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from .commands import Runner, run
from .paths import digest

# Of the base image (Debian bookworm), whatever Python runs the tests.
IMAGE_PYTHON = "3.11"
_GLIBC = ("2_36", "2_28", "2_17")


def download_command(requirements: Path, target: Path, machine: str | None = None) -> list[str]:
    """The pip command for exactly the locked wheels that fit the image."""
    architecture = machine or platform.machine()
    platforms = [f"manylinux_{glibc}_{architecture}" for glibc in _GLIBC]
    chosen = [f"--platform={name}" for name in (*platforms, f"manylinux2014_{architecture}", "any")]
    abis = [f"--abi={name}" for name in (f"cp{IMAGE_PYTHON.replace('.', '')}", "abi3", "none")]
    return [
        *_pip("download"),
        "--no-deps",
        "--only-binary=:all:",
        f"--python-version={IMAGE_PYTHON}",
        "--implementation=cp",
        *abis,
        *chosen,
        "--require-hashes",
        f"--requirement={requirements}",
        f"--dest={target}",
    ]


def ensure_wheels(requirements: Path, cache: Path, runner: Runner = run) -> Path:
    """Directory with the locked wheels and pip, fetched once per content of the lock file."""
    pip = f"pip=={version('pip')}"
    wheels = cache / f"wheels-{digest(requirements.read_bytes(), pip, platform.machine(), IMAGE_PYTHON)}"
    if wheels.is_dir():
        return wheels
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="wheels-", dir=cache) as scratch:
        staged = Path(scratch) / "wheels"
        staged.mkdir()
        runner(download_command(requirements, staged))
        runner([*_pip("download"), "--no-deps", f"--dest={staged}", pip])
        if not wheels.is_dir():
            staged.rename(wheels)
    return wheels


def add_project_wheel(context: Path, runner: Runner = run) -> None:
    """Build the project in the copied context, so that nothing appears in the checkout."""
    wheels = context / "wheels"
    build = [*_pip("wheel"), "--no-deps", "--no-build-isolation", f"--wheel-dir={wheels}", "."]
    runner(build, directory=context)
    shutil.rmtree(context / "build", ignore_errors=True)


def _pip(verb: str) -> list[str]:
    return [sys.executable, "-m", "pip", verb, "--quiet", "--disable-pip-version-check"]
