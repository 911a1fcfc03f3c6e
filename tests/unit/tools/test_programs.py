"""Tools of the checks: pinned, built once, and refused when they are not what was pinned."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from cluster_recorder import Recorder
from tests.cluster.errors import ClusterError, CommandError
from tests.cluster.progress import Progress
from tests.tools.programs import PROGRAMS, ensure_program, location

PINNED = PROGRAMS["kube-score"]


class Go(Recorder):
    """`go install` writes a program into GOBIN; `go version -m` tells this module hash."""

    def __init__(self, module_hash: str = PINNED.module_hash, failing: tuple[str, ...] = ()) -> None:
        told = f"kube-score: go1.26\n\tmod\tx\t{PINNED.version}\t{module_hash}\n\tdep\ty\tv1\th1:other\n"
        super().__init__({"go version": told}, failing)

    def __call__(
        self,
        argv: Sequence[str],
        *,
        stdin: str | None = None,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> str:
        if argv[:2] == ["go", "install"]:
            (Path((environment or {})["GOBIN"]) / PINNED.file).write_text("program")
        return super().__call__(argv)


def ensure(cache: Path, go: Recorder, name: str = "kube-score", *, with_go: bool = True) -> Path:
    return ensure_program(name, Progress(io.StringIO()), cache, go, find=lambda program: with_go)


def test_a_tool_is_installed_at_its_pinned_version(tmp_path: Path) -> None:
    go = Go()
    assert ensure(tmp_path, go).read_text() == "program"
    assert go.commands[0][-1] == "github.com/zegl/kube-score/cmd/kube-score@v1.20.0"


def test_a_tool_is_built_once(tmp_path: Path) -> None:
    go = Go()
    first = ensure(tmp_path, go)
    assert ensure(tmp_path, go) == first
    assert sum(argv[1] == "install" for argv in go.commands) == 1


def test_both_helms_lie_side_by_side_and_not_where_the_cluster_keeps_its_own(tmp_path: Path) -> None:
    assert location("helm3", tmp_path) != location("helm4", tmp_path)
    assert list(tmp_path.glob("*/bin/helm")) == []


def test_a_program_with_another_module_hash_is_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"module hash h1:forged, accepted is h1:.*do not use it"):
        ensure(tmp_path, Go("h1:forged"))
    assert not location("kube-score", tmp_path).exists()


def test_a_failed_build_leaves_no_program(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="kube-score"):
        ensure(tmp_path, Go(failing=("go install",)))
    assert not location("kube-score", tmp_path).exists()


def test_missing_go_is_named_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"Go is missing.*https://go\.dev/dl") as error:
        ensure(tmp_path, Go(), with_go=False)
    assert "\n" not in str(error.value)


def test_an_unknown_tool_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"'helm5'; accepted are helm3, helm4, kubeconform"):
        ensure(tmp_path, Go(), "helm5")


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_tool_has_a_version_and_a_hash(name: str) -> None:
    program = PROGRAMS[name]
    assert program.version.startswith("v")
    assert len(program.module_hash) == len("h1:") + 44
