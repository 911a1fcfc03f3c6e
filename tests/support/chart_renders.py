"""The chart as the pinned Helms render it, for the values that the checks look at."""

from pathlib import Path
from typing import Final

from tests.cluster.commands import run
from tests.cluster.paths import ROOT
from tests.cluster.progress import Progress
from tests.tools.programs import ensure_program

CHART: Final = ROOT / "charts/backgroundjob"
NAMESPACE: Final = "backgroundjob-system"
KUBE_VERSIONS: Final = ("1.30", "1.33", "1.36")
# As a release is installed: the image by its digest.
RELEASED: Final = ("--set", f"image.digest=sha256:{'0' * 64}")
_FOLDERS: Final = ("examples/values", "tests/static_checks/values")
VALUE_SETS: Final[dict[str, tuple[str, ...]]] = {"defaults": ()} | {
    path.stem: ("--values", str(path))
    for folder in _FOLDERS
    for path in sorted((ROOT / folder).glob("*.yaml"))
}


def helm(name: str, *arguments: str) -> str:
    """Output of a Helm of tests/tools: helm3 or helm4."""
    return run([str(ensure_program(name, Progress())), *arguments])


def render(*arguments: str, helm_name: str = "helm4", kube_version: str = KUBE_VERSIONS[-1]) -> str:
    """`helm template` of the chart, as `helm install` sends it."""
    argv = ("template", "backgroundjob", str(CHART), "--namespace", NAMESPACE, "--include-crds")
    return helm(helm_name, *argv, "--kube-version", kube_version, *arguments)


def rendered_file(directory: Path, *arguments: str, kube_version: str = KUBE_VERSIONS[-1]) -> Path:
    """The same in a file, as the checkers read it."""
    file = directory / "rendered.yaml"
    file.write_text(render(*arguments, kube_version=kube_version))
    return file
