"""Pinned Go programs that the checks need, each built once by `go install` into the cache."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cluster.commands import Runner, run
from tests.cluster.errors import ClusterError
from tests.cluster.paths import cache_directory, digest
from tests.cluster.progress import Progress
from tests.cluster.requirements import Find, present, require_go

ENVIRONMENT: Final[Mapping[str, str]] = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-trimpath -buildvcs=false",
    "GOWORK": "off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One `go install`. `module_hash` is what Go writes into the program; another one is refused."""

    package: str
    version: str
    module_hash: str
    linker_flags: str = "-s -w"

    @property
    def file(self) -> str:
        return self.package.rpartition("/")[2]

    @property
    def argv(self) -> list[str]:
        return ["go", "install", "-ldflags", self.linker_flags, f"{self.package}@{self.version}"]


def _helm(major: int, version: str, module_hash: str, *more_flags: str) -> Program:
    module = f"helm.sh/helm/v{major}"
    return Program(
        package=f"{module}/cmd/helm",
        version=version,
        module_hash=module_hash,
        linker_flags=" ".join(["-s -w", f"-X {module}/internal/version.version={version}", *more_flags]),
    )


# As in its own releases: without these, helm 3 takes the cluster for Kubernetes 1.20.
_HELM3_KUBERNETES: Final = tuple(
    f"-X helm.sh/helm/v3/pkg/{package}.k8sVersion{part}={value}"
    for package in ("chartutil", "lint/rules")
    for part, value in (("Major", "1"), ("Minor", "37"))
)

PROGRAMS: Final[Mapping[str, Program]] = {
    "helm3": _helm(3, "v3.22.0", "h1:n1if5iQgHYsujPAcO5oonH/KiSNUmqmUF0iGVjSF3AU=", *_HELM3_KUBERNETES),
    "helm4": _helm(4, "v4.3.1", "h1:UndCoLe9UPmNoL7IvWzaUXveL7T5t/ijoorEmgJdI9g="),
    "kubeconform": Program(
        package="github.com/yannh/kubeconform/cmd/kubeconform",
        version="v0.8.0",
        module_hash="h1:loDYd3a3spjIFrauqW67CDKF55Oo9R6uvC8AvpVd4ug=",
    ),
    "kube-score": Program(
        package="github.com/zegl/kube-score/cmd/kube-score",
        version="v1.20.0",
        module_hash="h1:J1VqK86SunV4Gg8emPTmwUVxe0rmXnAs5K9ZUbGMKR8=",
    ),
    # Serves a registry on loopback.
    "crane": Program(
        package="github.com/google/go-containerregistry/cmd/crane",
        version="v0.22.1",
        module_hash="h1:RZuuSYhTvlDvtsK+NkutoCZ//C0X2ebLK8X8l3ULs84=",
    ),
    "cosign": Program(
        package="github.com/sigstore/cosign/v3/cmd/cosign",
        version="v3.1.3",
        module_hash="h1:001JQRI/PJ/5T+g/kJ1KTvKFbb322+fomc+pHDZ/6sg=",
    ),
}


def location(name: str, cache: Path) -> Path:
    """Where the program lies once it is built; changes with its version, flags and hash."""
    program = PROGRAMS[name]
    key = digest(repr(program), repr(sorted(ENVIRONMENT.items())))
    return cache / "tools" / f"{name}-{program.version}-{key}" / program.file


def ensure_program(
    name: str,
    progress: Progress,
    cache: Path | None = None,
    runner: Runner = run,
    find: Find = present,
) -> Path:
    """The program's file, built when this version was not built before."""
    if name not in PROGRAMS:
        raise ClusterError(f"no tool is called {name!r}; accepted are {', '.join(PROGRAMS)}")
    built = location(name, cache or cache_directory())
    if built.exists():
        return built
    require_go(find)
    home = built.parent
    home.mkdir(parents=True, exist_ok=True)
    program = PROGRAMS[name]
    with (
        progress.step(f"building {name} {program.version}"),
        tempfile.TemporaryDirectory(prefix="build-", dir=home) as scratch,
    ):
        runner(program.argv, environment={**ENVIRONMENT, "GOBIN": scratch})
        made = Path(scratch) / program.file
        _require_module(program, runner(["go", "version", "-m", str(made)]))
        made.replace(built)
    return built


def _require_module(program: Program, told: str) -> None:
    """Compare the module's hash in the program with the pinned one."""
    lines = (line.split() for line in told.splitlines())
    found = next((words[-1] for words in lines if words[:1] == ["mod"]), "none")
    if found != program.module_hash:
        raise ClusterError(
            f"{program.package}@{program.version} has the module hash {found}, accepted is "
            f"{program.module_hash}: do not use it, and look where it came from (go env GOPROXY)"
        )
