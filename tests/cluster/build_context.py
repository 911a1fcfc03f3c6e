"""What an image is built from: a copy of the few files that .dockerignore lets in."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from .paths import ROOT, digest

# The same list as .dockerignore; tests/unit/cluster_tool compares them.
PRODUCT_FILES = (
    "client/backgroundjob",
    "operator/backgroundjob_operator",
    "runner_image/backgroundjob_runner",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "requirements",
)
TAG = "dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    """One of the product's images: its Dockerfile, the files it sees and the image it is built on."""

    name: str
    dockerfile: str
    context: str
    files: tuple[str, ...]
    built_on: str | None = None
    wheels: bool = False

    @property
    def reference(self) -> str:
        """The registry `localhost` is never asked: the image is there or the pod says it is not."""
        return f"localhost/{self.name}:{TAG}"


IMAGES = (
    ImageSpec(
        name="backgroundjob-operator",
        dockerfile="operator/Dockerfile",
        context=".",
        files=PRODUCT_FILES,
        wheels=True,
    ),
    ImageSpec(
        name="backgroundjob-runner",
        dockerfile="runner_image/Dockerfile",
        context=".",
        files=("client/backgroundjob", "runner_image/backgroundjob_runner"),
    ),
    ImageSpec(
        name="backgroundjob-examples",
        dockerfile="examples/image/Dockerfile",
        context="examples",
        files=("jobs",),
        built_on="backgroundjob-runner",
    ),
)


def content_key(spec: ImageSpec, *inputs: str, root: Path = ROOT) -> str:
    """Changes with every file the image is built from, its Dockerfile and `inputs`."""
    context = root / spec.context
    found = [path for name in spec.files for path in _files(context / name)]
    parts = [part for path in sorted(found) for part in (str(path.relative_to(context)), path.read_bytes())]
    return digest((root / spec.dockerfile).read_bytes(), *parts, *inputs)


def copy_context(spec: ImageSpec, target: Path, root: Path = ROOT) -> None:
    """Copy the files of the image, and nothing else, into the existing directory `target`."""
    context = root / spec.context
    for path in (path for name in spec.files for path in _files(context / name)):
        copied = target / path.relative_to(context)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
        # Whoever runs the image reads them, whatever mask the checkout was made with.
        copied.chmod(0o644)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
