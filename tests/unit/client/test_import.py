"""What `import backgroundjob` costs and offers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import backgroundjob

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).with_name("modules_of_job_code.txt")
NEVER_IN_JOB_CODE = {"pydantic", "kubernetes", "dataclasses", "inspect", "asyncio", "logging"}
HEAVY = ("pydantic", "kubernetes", "rich", "typer", "yaml", "urllib3", "jsonschema")


def _loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return {module.partition(".")[0] for module in run.stdout.split()}


def test_importing_the_package_loads_none_of_its_modules() -> None:
    code = "import backgroundjob, sys; assert not [m for m in sys.modules if m.startswith('backgroundjob.')]"
    _loaded_after(code)


@pytest.mark.parametrize(
    "name", ["run_background_job", "Handle", "current_job", "JobFailed", "JobClass, job, Schema, Secret"]
)
def test_a_public_name_loads_no_dependency(name: str) -> None:
    assert not _loaded_after(f"from backgroundjob import {name}") & set(HEAVY)


def modules_of_job_code() -> set[str]:
    """What a module with a typed job imports, beyond what every Python has loaded."""
    path = [str(ROOT / folder) for folder in ("client", "runner_image")]
    bare = f"import os, runpy, sys; sys.path[:0] = {path}"
    job_code = f"{bare}; from backgroundjob import JobClass, job, current_job, Secret, Schema"
    before, after = (
        subprocess.run(
            # -S: what a machine's site-packages import at start is not our doing.
            [sys.executable, "-S", "-E", "-c", f"{code}; print(*sys.modules)"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.split()
        for code in (bare, job_code)
    )
    return set(after) - set(before)


def test_defining_a_job_imports_nothing_new() -> None:
    added = modules_of_job_code() - set(GOLDEN.read_text().split())
    assert not added, (
        f"`from backgroundjob import JobClass, job` now imports {sorted(added)}, and every job of typed code "
        f"pays for it: import it where it is used, or add it to {GOLDEN.name} with the reason"
    )


def test_what_is_heavy_is_not_for_the_definition_of_a_job() -> None:
    assert not {name.partition(".")[0] for name in modules_of_job_code()} & NEVER_IN_JOB_CODE
    assert not set(GOLDEN.read_text().split()) & NEVER_IN_JOB_CODE


def test_submitting_in_memory_needs_no_dependency() -> None:
    code = (
        "from backgroundjob import run_background_job\n"
        "from backgroundjob.testing import InMemoryBackend\n"
        "run_background_job('EmailJob', 'send', {'to': 'a'}, delay='10m', backend=InMemoryBackend())"
    )
    assert not _loaded_after(code) & set(HEAVY)


def test_every_exported_name_exists_and_is_listed() -> None:
    for name in backgroundjob.__all__:
        assert getattr(backgroundjob, name) is not None
    assert set(dir(backgroundjob)) == set(backgroundjob.__all__)
    assert {"run_background_job", "Handle", "current_job", "RetryLater", "Fatal"} <= set(
        backgroundjob.__all__
    )


def test_the_module_offers_nothing_beyond_what_it_lists() -> None:
    own = "[name for name, value in vars(backgroundjob).items() if type(value).__name__ != 'module']"
    script = f"import backgroundjob; names = {own}; print(*(name for name in names if name[0] != '_'))"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.split() == []


def test_every_public_name_is_in_the_reference() -> None:
    headings = re.findall(r"^### (\w+)$", (ROOT / "docs/reference.md").read_text(), re.MULTILINE)
    unknown = [name for name in backgroundjob.__all__ if name not in headings]
    assert unknown == ["__version__"]


def test_every_error_is_exported() -> None:
    from backgroundjob import errors  # noqa: PLC0415  next to what it is compared with

    own = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.BackgroundJobError)
    }
    assert own <= set(backgroundjob.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'run_foreground_job'"):
        _ = backgroundjob.run_foreground_job
