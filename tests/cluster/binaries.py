"""Builds Kubernetes, etcd, containerd, KWOK and helm from Go modules, once per content of `go/` and flags."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .commands import Runner, run
from .errors import ClusterError
from .paths import GO_MODULES, cache_directory, digest
from .progress import Progress
from .requirements import Find, present, require_go

KUBERNETES = "v1.36.3"
_VERSION = "k8s.io/component-base/version"

ENVIRONMENT = {
    "CGO_ENABLED": "0",
    # The build must not depend on the state of the repository around it.
    "GOFLAGS": "-trimpath -buildvcs=false -mod=readonly",
    "GOWORK": "off",
}


@dataclass(frozen=True, slots=True)
class Binary:
    """One `go build`: what is built in which module, with which additional flags."""

    name: str
    module: str
    package: str = "."
    linker_flags: str = "-s -w"
    tags: str = ""

    def argv(self, output: Path) -> list[str]:
        tags = ["-tags", self.tags] if self.tags else []
        return [
            "go",
            "build",
            *tags,
            "-ldflags",
            self.linker_flags,
            "-o",
            str(output / self.name),
            self.package,
        ]


# The snapshotters of btrfs, zfs and aufs need C headers, and nobody here uses them.
_NO_SNAPSHOTTERS = "no_btrfs no_zfs no_aufs"
_MAJOR, _MINOR, _ = KUBERNETES.removeprefix("v").split(".")
_KUBE_FLAGS = " ".join(
    ["-s -w"]
    + [
        f"-X {_VERSION}.{name}={value}"
        for name, value in (
            ("gitVersion", KUBERNETES),
            ("gitMajor", _MAJOR),
            ("gitMinor", _MINOR),
            ("gitTreeState", "clean"),
        )
    ]
)

BINARIES = (
    Binary("kube", "kube", linker_flags=_KUBE_FLAGS),
    Binary("etcd", "etcd"),
    Binary("containerd", "containerd", tags=_NO_SNAPSHOTTERS),
    Binary(
        "containerd-shim-runc-v2",
        "containerd",
        "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
    ),
    Binary("ctr", "containerd", "github.com/containerd/containerd/v2/cmd/ctr"),
    Binary("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    Binary(
        "helm",
        "helm",
        "helm.sh/helm/v4/cmd/helm",
        linker_flags="-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1",
    ),
    Binary("pause", "pause"),
)


def cache_key(modules: Path = GO_MODULES, binaries: tuple[Binary, ...] = BINARIES) -> str:
    """Changes with any go.mod, go.sum, main.go, flag or environment variable of the build."""
    files = sorted(file for file in modules.rglob("*") if file.name in ("go.mod", "go.sum", "main.go"))
    contents = [part for file in files for part in (str(file.relative_to(modules)), file.read_bytes())]
    return digest(*contents, *(repr(binary) for binary in binaries), repr(sorted(ENVIRONMENT.items())))


def ensure_binaries(
    progress: Progress, cache: Path | None = None, runner: Runner = run, find: Find = present
) -> Path:
    """Directory with every binary, built when this content was not built before."""
    home = (cache or cache_directory()) / cache_key()
    if (home / "bin").is_dir():
        return home / "bin"
    require_go(find)
    home.parent.mkdir(parents=True, exist_ok=True)
    progress.say(f"building Kubernetes {KUBERNETES} from source, once: about 10 minutes on 2 cores")
    with tempfile.TemporaryDirectory(prefix="build-", dir=home.parent) as scratch:
        output = Path(scratch) / "bin"
        output.mkdir()
        for number, binary in enumerate(BINARIES, 1):
            with progress.step(f"building {binary.name} ({number} of {len(BINARIES)})"):
                _build(binary, output, runner)
        (output / "kubectl").symlink_to("kube")
        _publish(Path(scratch), home)
    return home / "bin"


def _publish(scratch: Path, home: Path) -> None:
    """Rename into place; when another process was faster, its copy is as good."""
    staged = scratch.with_name(scratch.name + ".done")
    staged.mkdir()
    (scratch / "bin").rename(staged / "bin")
    try:
        staged.rename(home)
    except OSError:
        shutil.rmtree(staged)
        if not (home / "bin").is_dir():
            raise


def _build(binary: Binary, output: Path, runner: Runner) -> None:
    runner(binary.argv(output), environment=ENVIRONMENT, directory=GO_MODULES / binary.module)
    if not (output / binary.name).is_file():
        raise ClusterError(f"{binary.package} in {binary.module} built no program called {binary.name}")
