"""What user code pays for: the package and its word lists need nothing but the standard library."""

import subprocess
import sys

import pytest

HEAVY = ("pydantic", "yaml", "kubernetes", "kopf", "jsonschema")
LIGHT = ("backgroundjob", "labels", "limits", "reasons", "rules", "json_depth")
MODELS = ("spec", "status", "backgroundjob", "allow_list", "config", "structural")


def imported_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return {name.partition(".")[0] for name in output.split()}


def full_name(module: str) -> str:
    return module if module == "backgroundjob" else f"backgroundjob.api.{module}"


@pytest.mark.parametrize("module", LIGHT)
def test_the_module_needs_the_standard_library_alone(module: str) -> None:
    assert imported_by(full_name(module)).isdisjoint(HEAVY)


def test_the_models_need_pydantic_and_no_yaml() -> None:
    found = imported_by(", ".join(f"backgroundjob.api.{module}" for module in MODELS))
    assert found.intersection(HEAVY) == {"pydantic"}
