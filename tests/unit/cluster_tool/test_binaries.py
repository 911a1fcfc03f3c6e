"""Binaries are built once per content, and appear whole or not at all."""

import io
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cluster_recorder import Recorder
from tests.cluster.binaries import BINARIES, ENVIRONMENT, cache_key, ensure_binaries
from tests.cluster.errors import ClusterError, CommandError
from tests.cluster.paths import GO_MODULES
from tests.cluster.progress import Progress


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GO_MODULES, tmp_path / "go"))


class Compiler(Recorder):
    """Writes the file that `go build -o` names."""

    def perform(self, argv: Sequence[str]) -> None:
        Path(argv[argv.index("-o") + 1]).write_text("program")


def build(cache: Path, runner: Recorder) -> Path:
    return ensure_binaries(Progress(io.StringIO()), cache, runner, find=lambda program: True)


@pytest.mark.parametrize("file", ["kube/go.sum", "etcd/go.mod", "pause/main.go"])
def test_the_cache_key_changes_with_every_file_of_the_modules(modules: Path, file: str) -> None:
    before = cache_key(modules)
    (modules / file).write_text((modules / file).read_text() + "\n")
    assert cache_key(modules) != before


def test_the_cache_key_changes_with_a_flag(modules: Path) -> None:
    changed = (replace(BINARIES[0], linker_flags="-s"), *BINARIES[1:])
    assert cache_key(modules, changed) != cache_key(modules)


def test_the_cache_key_does_not_depend_on_where_the_checkout_lies(modules: Path) -> None:
    assert cache_key(modules) == cache_key(GO_MODULES)


def test_a_build_is_found_again_and_not_repeated(tmp_path: Path) -> None:
    compiler = Compiler()
    first = build(tmp_path, compiler)
    assert len(compiler.commands) == len(BINARIES)
    assert build(tmp_path, compiler) == first
    assert len(compiler.commands) == len(BINARIES)
    assert {file.name for file in first.iterdir()} == {binary.name for binary in BINARIES} | {"kubectl"}


def test_a_failed_build_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="helm"):
        build(tmp_path, Compiler(failing=("helm",)))
    assert list(tmp_path.iterdir()) == []


def test_a_compiler_that_wrote_no_program_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="built no program called kube"):
        build(tmp_path, Recorder())


def test_the_build_depends_neither_on_c_nor_on_the_repository_around_it() -> None:
    assert ENVIRONMENT["CGO_ENABLED"] == "0"
    assert "-buildvcs=false" in ENVIRONMENT["GOFLAGS"]
    assert ENVIRONMENT["GOWORK"] == "off"
