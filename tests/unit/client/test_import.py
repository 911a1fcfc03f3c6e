"""What `import backgroundjob` costs and offers."""

import subprocess
import sys

import pytest

import backgroundjob

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
