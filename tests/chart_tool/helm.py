"""Helm as the tests and `make chart` use it: the binary that is found, and the chart rendered with it."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "charts/backgroundjob"
NAMESPACE: Final = "backgroundjob-system"
HOW_TO_GET_ONE: Final = (
    "no helm: put one on PATH, set BACKGROUNDJOB_HELM, or run `make tools`, which builds one"
)

# The C parser takes a tenth of the time; a PyYAML may be built without it.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Objects = dict[str, dict[str, Any]]


@cache
def helm_binary() -> str | None:
    """BACKGROUNDJOB_HELM, helm on PATH, or the newest helm 4 that `make tools` or the cluster tool built."""
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "backgroundjob"
    places = (*cached.glob("*/bin/helm"), *cached.glob("tools/helm4-*/helm"))
    built = sorted(map(str, places), key=os.path.getmtime)
    found = [os.environ.get("BACKGROUNDJOB_HELM"), shutil.which("helm"), *reversed(built)]
    return next(filter(None, found), None)


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One call. Raises RuntimeError where there is no helm."""
    binary = helm_binary()
    if binary is None:
        raise RuntimeError(HOW_TO_GET_ONE)
    return subprocess.run([binary, *arguments], capture_output=True, text=True, check=False, timeout=60)


def template(*arguments: str, chart: Path = CHART) -> subprocess.CompletedProcess[str]:
    """`helm template` of the chart."""
    return helm(
        "template", "backgroundjob", str(chart), "--namespace", NAMESPACE, *kube_version(), *arguments
    )


def kube_version() -> tuple[str, ...]:
    """The flag for another Kubernetes than Helm's own choice."""
    version = os.environ.get("BACKGROUNDJOB_KUBE_VERSION")
    return ("--kube-version", version) if version else ()


@cache
def rendered(*arguments: str) -> Objects:
    """The chart's objects by kind and name, and namespace where it is not the release's."""
    answer = template(*arguments)
    if answer.returncode:
        raise AssertionError(answer.stderr)
    return {_key(found): found for found in yaml.load_all(answer.stdout, _LOADER) if found}


def _key(found: Mapping[str, Any]) -> str:
    metadata = found["metadata"]
    where = metadata.get("namespace", NAMESPACE)
    return f"{found['kind']}/{metadata['name']}" + ("" if where == NAMESPACE else f" in {where}")
