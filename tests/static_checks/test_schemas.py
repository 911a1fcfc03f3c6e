"""The rendered objects against the schemas of three Kubernetes versions: no unknown field, by either Helm."""

from pathlib import Path

import pytest
import yaml

from chart_renders import CHART, KUBE_VERSIONS, VALUE_SETS, helm, render, rendered_file
from tests.cluster.commands import run
from tests.cluster.errors import CommandError


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS)
@pytest.mark.parametrize("version", KUBE_VERSIONS)
def test_every_object_is_valid(checkers: Path, tmp_path: Path, version: str, values: tuple[str, ...]) -> None:
    rendered = rendered_file(tmp_path, *values, kube_version=version)
    validate(checkers, version, rendered)


def test_a_misspelt_field_would_be_found(checkers: Path, tmp_path: Path) -> None:
    rendered = rendered_file(tmp_path)
    rendered.write_text(rendered.read_text().replace("serviceAccountName:", "serviceAcountName:"))
    with pytest.raises(CommandError, match="serviceAcountName"):
        validate(checkers, KUBE_VERSIONS[-1], rendered)


def validate(checkers: Path, version: str, rendered: Path) -> None:
    """Raises CommandError that names the field."""
    program = str(checkers / "kubernetes-validate")
    run([program, "--strict", "--quiet", "--kubernetes-version", version, str(rendered)])


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS)
@pytest.mark.parametrize("version", KUBE_VERSIONS)
def test_both_helms_render_the_same(version: str, values: tuple[str, ...]) -> None:
    third, fourth = (
        list(yaml.safe_load_all(render(*values, helm_name=name, kube_version=version)))
        for name in ("helm3", "helm4")
    )
    assert third == fourth


@pytest.mark.parametrize("name", ["helm3", "helm4"])
@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS)
def test_helm_lint_is_content(name: str, values: tuple[str, ...]) -> None:
    assert "0 chart(s) failed" in helm(name, "lint", "--strict", str(CHART), *values)
