"""The built images: what their labels say, that two builds are the same bytes, and what is in them.

Needs buildah and root, as the cluster does, and no cluster.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.build_context import IMAGES, ImageSpec
from tests.cluster.buildah import Buildah
from tests.cluster.images import fill_context, storage_lock
from tests.cluster.paths import ROOT, cache_directory
from tests.cluster.progress import Progress
from tests.cluster.requirements import require_machine
from tests.cluster.wheels import ensure_wheels
from tests.tools.dist import build_wheel, operator_wheels, write_sbom

OPERATOR, RUNNER, _ = IMAGES
DATE = 1_700_000_000
REPOSITORY = "localhost/supply-chain/"
PREFIX = "org.opencontainers.image"
GIVEN = {
    "VERSION": "1.2.3",
    "REVISION": "0123456789abcdef",
    "CREATED": "2023-11-14T22:13:20Z",
    "SOURCE": "https://example.org/source",
    "DOCUMENTATION": "https://example.org/docs",
    "BASE_DIGEST": "sha256:" + "0" * 64,
}
Image = dict[str, Any]


@pytest.fixture(scope="module")
def buildah(progress: Progress) -> Iterator[Buildah]:
    """The storage that the cluster's images are built in, for this module alone."""
    require_machine(progress)
    engine = Buildah(cache_directory(), progress)
    with storage_lock(cache_directory()):
        yield engine
        listed = engine.buildah("images", "--noheading", "--format={{.Name}}:{{.Tag}}").split()
        engine.buildah("rmi", "--force", *(name for name in listed if name.startswith(REPOSITORY)))


def build(
    buildah: Buildah, spec: ImageSpec, tag: str, arguments: Mapping[str, str], date: int, *, mask: int = 0o022
) -> Image:
    """Build the image in a new directory made with this mask; returns its description."""
    name = f"{REPOSITORY}{spec.name}:{tag}"
    with tempfile.TemporaryDirectory(prefix="context-") as scratch:
        fill_context(spec, Path(scratch), cache_directory())
        for path in Path(scratch).rglob("*"):
            path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)
        given = {"BASE_IMAGE": buildah.base(), **arguments}
        buildah.build(name, Path(scratch), ROOT / spec.dockerfile, given, date)
    described: Image = json.loads(buildah.buildah("inspect", "--type=image", name))
    return described


def layers(image: Image) -> list[str]:
    """Digests of the layers above the base."""
    found: list[str] = image["OCIv1"]["rootfs"]["diff_ids"]
    return found[1:]


@pytest.fixture(scope="module", params=[OPERATOR, RUNNER], ids=lambda spec: str(spec.name))
def spec(request: pytest.FixtureRequest) -> ImageSpec:
    chosen: ImageSpec = request.param
    return chosen


@pytest.fixture(scope="module")
def image(buildah: Buildah, spec: ImageSpec) -> Image:
    """The image as a release builds it."""
    return build(buildah, spec, "release", GIVEN, DATE)


@pytest.fixture(scope="module")
def untold(buildah: Buildah, spec: ImageSpec) -> Image:
    """The image of a build that was told nothing, a second later."""
    return build(buildah, spec, "untold", {}, DATE + 1)


def test_the_labels_say_what_the_build_was_told(image: Image, spec: ImageSpec, buildah: Buildah) -> None:
    labels = image["OCIv1"]["config"]["Labels"]
    found = {name.removeprefix(f"{PREFIX}."): labels[name] for name in labels if name.startswith(PREFIX)}
    assert found.pop("description")
    assert found == {
        "title": spec.name,
        "licenses": "Apache-2.0",
        "version": "1.2.3",
        "revision": "0123456789abcdef",
        "created": "2023-11-14T22:13:20Z",
        "source": "https://example.org/source",
        "documentation": "https://example.org/docs",
        "base.name": buildah.base(),
        "base.digest": GIVEN["BASE_DIGEST"],
    }


def test_it_runs_as_a_user_without_a_name_or_rights(image: Image) -> None:
    assert image["OCIv1"]["config"]["User"] == "10001:10001"


def test_two_builds_are_the_same_bytes(image: Image, spec: ImageSpec, buildah: Buildah) -> None:
    """At another time, in a directory with other rights: layers and configuration, so also the image's id."""
    again = build(buildah, spec, "again", GIVEN, DATE, mask=0o077)
    assert len(layers(image)) == 1
    assert layers(again) == layers(image)
    assert again["FromImageID"] == image["FromImageID"]


def test_the_date_reaches_the_files(image: Image, untold: Image) -> None:
    assert layers(untold) != layers(image)


def test_what_the_build_was_not_told_is_called_unknown(untold: Image) -> None:
    labels = untold["OCIv1"]["config"]["Labels"]
    names = ("revision", "source", "documentation", "base.digest")
    assert {labels[f"{PREFIX}.{name}"] for name in names} == {"unknown"}
    assert labels[f"{PREFIX}.version"] == "dev"


@pytest.fixture(scope="module")
def operator_files(buildah: Buildah) -> Iterator[Path]:
    """The file system of the operator's image."""
    build(buildah, OPERATOR, "files", GIVEN, DATE)
    container = buildah.buildah("from", "--pull-never", f"{REPOSITORY}{OPERATOR.name}:files").strip()
    yield Path(buildah.buildah("mount", container).strip())
    buildah.buildah("rm", container)


def test_sec_29_the_sbom_lists_every_wheel_in_the_operators_image(
    operator_files: Path, tmp_path: Path
) -> None:
    wheels = operator_wheels(build_wheel(ROOT, tmp_path, str(DATE)), cache_directory())
    sbom = json.loads(write_sbom(wheels, tmp_path, str(DATE)).read_text())
    listed = [sbom["metadata"]["component"], *sbom["components"]]
    installed = distributions(path=[str(operator_files / "opt/backgroundjob")])
    assert sorted((component["name"], component["version"]) for component in listed) == sorted(
        (found.name, found.version) for found in installed
    )


def test_sec_29_the_image_holds_no_installer_and_no_program_that_raises_rights(operator_files: Path) -> None:
    added = [path for path in (operator_files / "opt").rglob("*") if not path.is_symlink()]
    assert [path for path in added if path.stat().st_mode & 0o6000] == []
    assert [path for path in added if path.stat().st_mode & 0o002] == []
    assert list(operator_files.glob("opt/backgroundjob/pip*")) == []


def builder_with_pip(buildah: Buildah, requirements: Path) -> str:
    """The base image with pip and these wheels, which fetches nothing: what python:3.11-slim is elsewhere."""
    wheels = ensure_wheels(requirements, cache_directory())
    [pip] = wheels.glob("pip-*.whl")
    name = f"{REPOSITORY}builder:dev"
    container = buildah.buildah("from", "--pull-never", buildah.base()).strip()
    try:
        buildah.buildah("copy", "--quiet", container, str(wheels), "/wheels")
        settings = {"PYTHONPATH": f"/wheels/{pip.name}", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}
        buildah.buildah("config", *(f"--env={key}={value}" for key, value in settings.items()), container)
        buildah.buildah("commit", "--quiet", container, name)
    finally:
        buildah.buildah("rm", container)
    return name


def test_an_image_of_ones_own_runs_its_code_with_its_packages(buildah: Buildah) -> None:
    folder = ROOT / "examples/08-own-image"
    build(buildah, RUNNER, "below", {}, DATE)
    name = f"{REPOSITORY}newsletter:dev"
    builder = builder_with_pip(buildah, folder / "requirements.txt")
    arguments = {"BASE_IMAGE": f"{REPOSITORY}{RUNNER.name}:below", "PYTHON_IMAGE": builder}
    buildah.build(name, folder, folder / "Dockerfile", arguments)
    container = buildah.buildah("from", "--pull-never", name).strip()
    program = "from newsletter_jobs import NewsletterJob; print(NewsletterJob().render('*News*'))"
    try:
        printed = buildah.buildah("run", "--isolation=chroot", container, "--", "python3", "-c", program)
    finally:
        buildah.buildah("rm", container)
    assert printed.strip() == "<p><em>News</em></p>"
