"""The SBOM names what requirements/operator.txt locks, with a licence for each package."""

import json
from typing import Any

import pytest
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

import backgroundjob
from tests.cluster.paths import ROOT, cache_directory
from tests.cluster.wheels import ensure_wheels
from tests.tools.dist import build_wheel, operator_wheels, write_sbom

Document = dict[str, Any]


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> Document:
    directory = tmp_path_factory.mktemp("sbom")
    wheels = operator_wheels(build_wheel(ROOT, directory, "1700000000"), cache_directory())
    document: Document = json.loads(write_sbom(wheels, directory, "1700000000").read_text())
    return document


def test_it_is_cyclonedx_about_this_version_of_the_product(sbom: Document) -> None:
    about = sbom["metadata"]["component"]
    assert sbom["bomFormat"] == "CycloneDX"
    assert (about["name"], about["version"]) == ("backgroundjob", backgroundjob.__version__)


def test_it_lists_every_wheel_that_the_image_gets_and_no_other(sbom: Document) -> None:
    wheels = ensure_wheels(ROOT / "requirements/operator.txt", cache_directory()).glob("*.whl")
    locked = {parse_wheel_filename(wheel.name)[:2] for wheel in wheels if not wheel.name.startswith("pip-")}
    listed = {(component["name"], component["version"]) for component in sbom["components"]}
    assert {(canonicalize_name(name), Version(version)) for name, version in listed} == locked


def test_each_package_has_a_licence_and_an_address(sbom: Document) -> None:
    assert [found["name"] for found in sbom["components"] if not found.get("licenses")] == []
    assert [found["name"] for found in sbom["components"] if not found["purl"].startswith("pkg:pypi/")] == []


def test_it_says_what_depends_on_what(sbom: Document) -> None:
    needed = {row["ref"]: row.get("dependsOn", []) for row in sbom["dependencies"]}
    (kopf,) = (ref for ref in needed if ref.startswith("kopf=="))
    assert any(ref.startswith("aiohttp==") for ref in needed[kopf])
