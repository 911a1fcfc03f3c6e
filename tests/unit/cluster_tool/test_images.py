"""Images: what is built from which files, with which commands."""

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from cluster_recorder import Recorder
from tests.cluster.archive import merge_archives, write_archive
from tests.cluster.base_image import debootstrap_command, ensure_rootfs, mirror
from tests.cluster.build_context import IMAGES, PRODUCT_FILES, ImageSpec, content_key, copy_context
from tests.cluster.buildah import Buildah
from tests.cluster.errors import ClusterError
from tests.cluster.images import ImageBuilder, load_together, loaded_archives, provide
from tests.cluster.paths import ROOT
from tests.cluster.progress import Progress
from tests.cluster.wheels import download_command

TARGETS = """\
http://mirror.example/security|bookworm-security|main
http://mirror.example/debian|bookworm-updates|main
http://mirror.example/debian|bookworm|main
"""
SPEC = ImageSpec(name="demo", dockerfile="Dockerfile", context=".", files=("code", "README.md"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "code" / "__pycache__").mkdir(parents=True)
    (root / "code" / "a.py").write_text("a = 1\n")
    (root / "code" / "__pycache__" / "a.pyc").write_text("compiled")
    (root / "README.md").write_text("read me\n")
    (root / "secret.txt").write_text("not for the image\n")
    (root / "Dockerfile").write_text("FROM scratch\n")
    return root


def test_the_mirror_is_the_one_that_apt_uses() -> None:
    assert mirror(Recorder({"apt-get indextargets": TARGETS})) == "http://mirror.example/debian"


def test_a_machine_whose_apt_names_no_mirror_is_told_what_to_add() -> None:
    with pytest.raises(ClusterError, match="apt-get update"):
        mirror(Recorder({"apt-get indextargets": ""}))


def test_the_base_has_python_and_certificates_and_little_else() -> None:
    command = debootstrap_command(Path("/root-fs"), "http://m")
    assert command == [
        "debootstrap",
        "--variant=minbase",
        "--include=python3,ca-certificates",
        "bookworm",
        "/root-fs",
        "http://m",
    ]


def test_the_base_is_made_once(tmp_path: Path) -> None:
    class Packing(Recorder):
        def perform(self, argv: Sequence[str]) -> None:
            for argument in argv:
                if argument.startswith("--file="):
                    Path(argument.removeprefix("--file=")).write_text("rootfs")

    recorder = Packing({"apt-get indextargets": TARGETS})
    progress = Progress(io.StringIO())
    first = ensure_rootfs(tmp_path, progress, recorder)
    assert ensure_rootfs(tmp_path, progress, recorder) == first
    assert sum(argv[0] == "debootstrap" for argv in recorder.commands) == 1


def test_only_the_locked_wheels_that_fit_the_image_are_fetched() -> None:
    command = download_command(Path("lock.txt"), Path("/wheels"), "x86_64")
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:", "--python-version=3.11"} <= set(command)
    assert "--platform=manylinux_2_36_x86_64" in command


def test_the_context_holds_the_named_files_and_nothing_else(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "context"
    target.mkdir()
    copy_context(SPEC, target, project)
    assert sorted(str(file.relative_to(target)) for file in target.rglob("*") if file.is_file()) == [
        "README.md",
        "code/a.py",
    ]


@pytest.mark.parametrize("file", ["code/a.py", "README.md", "Dockerfile"])
def test_the_key_of_an_image_changes_with_what_it_is_built_from(project: Path, file: str) -> None:
    before = content_key(SPEC, "base", root=project)
    (project / file).write_text("changed")
    assert content_key(SPEC, "base", root=project) != before


def test_the_key_of_an_image_changes_with_its_base(project: Path) -> None:
    assert content_key(SPEC, "base:1", root=project) != content_key(SPEC, "base:2", root=project)


def test_the_key_of_an_image_ignores_what_it_does_not_hold(project: Path) -> None:
    before = content_key(SPEC, "base", root=project)
    (project / "secret.txt").write_text("changed")
    (project / "code" / "__pycache__" / "a.pyc").write_text("changed")
    assert content_key(SPEC, "base", root=project) == before


def test_dockerignore_lets_in_the_same_files() -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {*PRODUCT_FILES, "wheels"}


@pytest.mark.parametrize("spec", IMAGES[:2], ids=lambda spec: str(spec.name))
def test_images_of_users_run_without_root_on_a_base_of_their_choice(spec: ImageSpec) -> None:
    lines = (ROOT / spec.dockerfile).read_text().splitlines()
    assert "ARG BASE_IMAGE=python:3.11-slim" in lines
    assert "USER 10001:10001" in lines
    assert sum(line.startswith("FROM ${BASE_IMAGE}") for line in lines) == 2


def test_the_examples_are_the_runner_plus_the_code() -> None:
    lines = (ROOT / "examples/image/Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith(("FROM", "COPY", "RUN"))] == [
        "FROM ${BASE_IMAGE}",
        "COPY jobs/ /app/jobs/",
    ]


def test_buildah_copies_whole_layers_only_where_overlay_is_refused(tmp_path: Path) -> None:
    recorder = Recorder(failing=("--storage-driver overlay",))
    Buildah(tmp_path, Progress(io.StringIO()), recorder).buildah("images")
    assert recorder.lines[-1].startswith("buildah --storage-driver vfs ")


class Engine(Buildah):
    """Remembers what is built on what."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(tmp_path, Progress(io.StringIO()), Recorder())
        self.built: list[str] = []

    def base(self) -> str:
        return "localhost/base:1"

    def has(self, name: str) -> bool:
        return name in self.built

    def build(
        self, name: str, context: Path, dockerfile: Path, arguments: dict[str, str], timestamp: int = 0
    ) -> None:
        self.built.append(name)

    def export(self, name: str, public_name: str, archive: Path) -> None:
        archive.parent.mkdir(exist_ok=True)
        archive.write_text(public_name)


def test_an_image_whose_parent_was_forgotten_builds_the_parent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, runner, examples = IMAGES
    monkeypatch.setattr("tests.cluster.images.IMAGES", (runner, examples))
    first = Engine(tmp_path)
    archives = ImageBuilder(tmp_path, Progress(io.StringIO()), first).archives()
    archives[examples].unlink()
    second = Engine(tmp_path)
    ImageBuilder(tmp_path, Progress(io.StringIO()), second).archives()
    assert second.built == first.built


def test_what_the_cluster_has_is_not_loaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archives = {spec: image(tmp_path, spec.name) for spec in IMAGES}
    monkeypatch.setattr(ImageBuilder, "archives", lambda self: archives)
    loaded: list[list[str]] = []

    def provided() -> None:
        provide(lambda file: loaded.append(references(file)), tmp_path / "loaded", quiet, tmp_path)

    quiet = Progress(io.StringIO())
    provided()
    provided()
    archives[IMAGES[1]] = image(tmp_path, "changed")
    provided()
    assert loaded == [[spec.reference for spec in IMAGES], [IMAGES[1].reference]]


def test_images_in_one_archive_share_their_layers(tmp_path: Path) -> None:
    archives = {"example/a:1": image(tmp_path, "same"), "example/b:1": image(tmp_path, "same")}
    merge_archives(archives, tmp_path / "merged.tar")
    assert references(tmp_path / "merged.tar") == ["example/a:1", "example/b:1"]
    with tarfile.open(tmp_path / "merged.tar") as tar:
        assert len(tar.getnames()) == len(set(tar.getnames())) == 3


def test_a_new_node_of_a_cluster_without_images_gets_none(tmp_path: Path) -> None:
    loaded: list[Path] = []
    load_together(loaded_archives(tmp_path), loaded.append)
    assert loaded == []


def test_an_archive_that_newer_builds_replaced_is_named_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / IMAGES[0].name).write_text("/gone.tar")
    with pytest.raises(ClusterError, match=r"python -m tests\.cluster images"):
        loaded_archives(tmp_path)


def image(tmp_path: Path, content: str) -> Path:
    archive = tmp_path / f"{content}.tar"
    write_archive(archive, f"example/{content}:1", {"/program": content.encode()}, ["/program"])
    return archive


def references(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        return [entry["RepoTags"][0] for entry in json.load(manifest)]


def test_an_archive_of_one_file_is_an_image(tmp_path: Path) -> None:
    write_archive(tmp_path / "a.tar", "example/a:1", {"/a": b"program"}, ["/a"])
    with tarfile.open(tmp_path / "a.tar") as tar:
        contents = {member.name: tar.extractfile(member) for member in tar.getmembers()}
        manifest_file = contents["manifest.json"]
        assert manifest_file is not None
        (manifest,) = json.load(manifest_file)
    assert manifest["RepoTags"] == ["example/a:1"]
    assert {manifest["Config"], *manifest["Layers"]} <= set(contents)
