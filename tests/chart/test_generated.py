"""What is made from the chart's values and from the models (`make chart`, `make crds`) is current."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import backgroundjob
from tests.chart_tool.helm import CHART, HOW_TO_GET_ONE, ROOT, helm_binary
from tests.chart_tool.manifests import SIZE_LIMIT_BYTES, render_manifests
from tests.chart_tool.readme import render_readme
from tests.chart_tool.values_comments import described, settable, values
from tests.chart_tool.values_schema import render_schema

VALUES = (CHART / "values.yaml").read_text()
INSTALL = ROOT / "install.yaml"


def test_the_chart_has_the_version_of_the_product() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (backgroundjob.__version__, backgroundjob.__version__)


def test_the_chart_carries_the_generated_crd() -> None:
    generated = {path.name: path.read_text() for path in (ROOT / "crds").glob("*.yaml")}
    assert generated
    assert {path.name: path.read_text() for path in (CHART / "files/crds").glob("*.yaml")} == generated


def test_the_schema_is_what_the_values_and_the_models_say() -> None:
    assert (CHART / "values.schema.json").read_text() == render_schema(VALUES), "run `make chart`"


def test_the_readme_lists_the_values() -> None:
    page = (CHART / "README.md").read_text()
    assert page == render_readme(VALUES, page), "run `make chart`"


def test_every_value_has_a_description() -> None:
    rows = {one.name for one in described(VALUES)}
    single = [one.name for one in settable(VALUES)]
    undescribed = [
        one.name
        for one in values(VALUES)
        if one.name not in rows
        and not any(row.startswith(f"{one.name}.") for row in rows)
        and not any(one.name.startswith(f"{row}.") for row in single)
    ]
    assert undescribed == []


@pytest.mark.skipif(helm_binary() is None, reason=HOW_TO_GET_ONE)
def test_the_manifests_are_what_the_chart_renders() -> None:
    # Helm 3 and Helm 4 differ in blank lines.
    current = [found for found in yaml.safe_load_all(render_manifests()) if found]
    assert documents(INSTALL) == current, "run `make chart`"


def test_the_manifests_fit_kubectl() -> None:
    assert INSTALL.stat().st_size <= SIZE_LIMIT_BYTES
    crds = [one for one in documents(INSTALL) if one["kind"] == "CustomResourceDefinition"]
    # Client-side apply keeps a copy in an annotation of at most 262,144 bytes.
    assert [len(yaml.safe_dump(crd)) <= 100_000 for crd in crds] == [True]


def test_the_manifests_make_their_namespace_first_and_run_no_hook() -> None:
    first, *others = documents(INSTALL)
    assert (first["kind"], first["metadata"]["name"]) == ("Namespace", "backgroundjob-system")
    assert {one["metadata"].get("namespace", "backgroundjob-system") for one in others} == {
        "backgroundjob-system"
    }
    assert "helm.sh/hook" not in INSTALL.read_text()
    assert not {"Job", "Pod"} & {one["kind"] for one in others}


def documents(path: Path) -> list[dict[str, Any]]:
    return [found for found in yaml.safe_load_all(path.read_text()) if found]
