"""kubeconform with the schemas of this very cluster, the CRD's among them: no field that it does not know."""

import json
from pathlib import Path

import pytest

from chart_renders import VALUE_SETS, rendered_file
from e2e_product import Product
from openapi_schemas import write_schemas
from tests.cluster.commands import run
from tests.cluster.errors import CommandError
from tests.cluster.paths import ROOT
from tests.cluster.progress import Progress
from tests.tools.programs import ensure_program

EXAMPLES = sorted((ROOT / "examples/yaml").glob("*.yaml"))
# Their schemas come with the Prometheus Operator, which this cluster does not have.
OF_OTHERS = "PodMonitor,PrometheusRule,ServiceMonitor"


@pytest.fixture(scope="module")
def schemas(product: Product, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Location of the schemas, made from the OpenAPI of the cluster with the product in it."""
    openapi = json.loads(product.cluster.kubectl("get", "--raw=/openapi/v2"))
    return write_schemas(openapi, tmp_path_factory.mktemp("schemas"))


def conforms(schemas: str, *files: Path) -> None:
    """Raises CommandError that names the field."""
    program = str(ensure_program("kubeconform", Progress()))
    run(
        [
            program,
            "-strict",
            "-summary",
            f"-skip={OF_OTHERS}",
            f"-schema-location={schemas}",
            *map(str, files),
        ]
    )


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS)
def test_the_chart_conforms_to_the_cluster(schemas: str, tmp_path: Path, values: tuple[str, ...]) -> None:
    conforms(schemas, rendered_file(tmp_path, *values))


def test_the_examples_conform_to_the_crd(schemas: str) -> None:
    conforms(schemas, *EXAMPLES)


def test_a_misspelt_field_of_a_deployment_is_found(schemas: str, tmp_path: Path) -> None:
    rendered = rendered_file(tmp_path)
    rendered.write_text(rendered.read_text().replace("serviceAccountName:", "serviceAcountName:"))
    with pytest.raises(CommandError, match="serviceAcountName"):
        conforms(schemas, rendered)


def test_a_misspelt_field_of_a_backgroundjob_is_found(schemas: str, tmp_path: Path) -> None:
    misspelt = tmp_path / "misspelt.yaml"
    misspelt.write_text(EXAMPLES[0].read_text().replace("method:", "methot:"))
    with pytest.raises(CommandError, match="methot"):
        conforms(schemas, misspelt)
