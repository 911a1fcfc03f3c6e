"""What a release consists of beside the images, bit-identical in each build: wheel, SBOM, chart package.

`python -m tests.tools.dist sbom chart` writes into dist/. SOURCE_DATE_EPOCH dates everything; default is the
time of the commit.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from tests.cluster.commands import Runner, run
from tests.cluster.errors import ClusterError
from tests.cluster.paths import ROOT, cache_directory
from tests.cluster.progress import Progress
from tests.cluster.wheels import ensure_wheels

from .programs import ensure_program

SBOM_NAME: Final = "backgroundjob-operator.cdx.json"
_SBOM_PYTHON: Final = ROOT / ".venv-sbom/bin/python"


def source_date(root: Path = ROOT, runner: Runner = run) -> str:
    """Seconds since 1970 that date everything in the release."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return given or runner(["git", "log", "-1", "--format=%ct"], directory=root).strip()


def build_wheel(root: Path, target: Path, date: str) -> Path:
    """The wheel of the checkout at `root`."""
    argv = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    argv += ["--no-deps", "--no-build-isolation", f"--wheel-dir={target}", str(root)]
    run(argv, environment={"SOURCE_DATE_EPOCH": date})
    return _only(target.glob("backgroundjob-*.whl"))


def package_chart(helm: Path, root: Path, target: Path, date: str) -> Path:
    """The chart as Helm packs it. Its own time counts too: `helm push` writes it into the manifest."""
    argv = [str(helm), "package", str(root / "charts/backgroundjob"), "--destination", str(target)]
    run(argv, environment={"SOURCE_DATE_EPOCH": date})
    package = _only(target.glob("backgroundjob-*.tgz"))
    os.utime(package, (int(date), int(date)))
    return package


def write_sbom(wheels: Iterable[Path], target: Path, date: str) -> Path:
    """CycloneDX of the Python packages in the operator's image, with the licences that they declare.

    The wheels are read in place: as zip files on the path of an interpreter without packages of its own.
    """
    if not _SBOM_PYTHON.exists():
        raise ClusterError(f"{_SBOM_PYTHON} is missing: run `make sbom`, which makes it")
    sbom = target / SBOM_NAME
    argv = [str(_SBOM_PYTHON), "-I", "-m", "cyclonedx_py", "environment", "-S", "--output-reproducible"]
    argv += ["--output-file", str(sbom), sys.executable]
    path = os.pathsep.join(map(str, sorted(wheels)))
    run(argv, environment={"PYTHONPATH": path, "SOURCE_DATE_EPOCH": date})
    document = json.loads(sbom.read_text())
    sbom.write_text(json.dumps(_about_the_product(document), indent=2) + "\n")
    return sbom


def operator_wheels(project: Path, cache: Path) -> list[Path]:
    """What operator/Dockerfile installs: the locked wheels that fit the image, and the project's."""
    locked = ensure_wheels(ROOT / "requirements/operator.txt", cache).glob("*.whl")
    return [project, *(wheel for wheel in locked if not wheel.name.startswith("pip-"))]


def _about_the_product(document: dict[str, Any]) -> dict[str, Any]:
    """Move the product itself from the components to what the document is about."""
    components = document["components"]
    own = next(component for component in components if component["name"] == "backgroundjob")
    components.remove(own)
    document["metadata"]["component"] = {**own, "type": "application"}
    return document


def _only(found: Iterable[Path]) -> Path:
    (path,) = found
    return path


def _make(part: str, scratch: Path) -> None:
    date = source_date()
    if part == "chart":
        package_chart(ensure_program("helm4", Progress()), ROOT, scratch, date)
    else:
        wheel = build_wheel(ROOT, scratch, date)
        write_sbom(operator_wheels(wheel, cache_directory()), scratch, date)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.dist")
    parser.add_argument("parts", nargs="+", choices=["sbom", "chart"])
    target = ROOT / "dist"
    target.mkdir(exist_ok=True)
    try:
        for part in parser.parse_args(arguments).parts:
            with tempfile.TemporaryDirectory(prefix="dist-") as scratch:
                _make(part, Path(scratch))
                for file in sorted(Path(scratch).iterdir()):
                    print(shutil.move(file, target / file.name))
    except ClusterError as error:
        print(f"dist: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
