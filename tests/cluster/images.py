"""The product's images in the embedded cluster: from the users' Dockerfiles, kept by content, loaded once."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .archive import merge_archives
from .build_context import IMAGES, TAG, ImageSpec, content_key, copy_context
from .buildah import Buildah
from .errors import ClusterError
from .paths import ROOT
from .progress import Progress
from .protocol import Images
from .wheels import add_project_wheel, ensure_wheels

_KEPT_ARCHIVES = 3


def references() -> Images:
    operator, runner, examples = (spec.reference for spec in IMAGES)
    return Images(operator=operator, runner=runner, examples=examples)


def provide(load: Callable[[Path], None], marks: Path, progress: Progress, cache: Path) -> Images:
    """Build what changed and load what the cluster does not have; `marks` remembers what it has."""
    marks.mkdir(parents=True, exist_ok=True)
    with storage_lock(cache):
        archives = ImageBuilder(cache, progress).archives()
    new = {spec: archive for spec, archive in archives.items() if _mark(marks, spec) != str(archive)}
    if new:
        with progress.step(f"loading {', '.join(spec.name for spec in new)}"):
            load_together(new, load)
        for spec, archive in new.items():
            (marks / spec.name).write_text(str(archive))
    return references()


def load_together(archives: Mapping[ImageSpec, Path], load: Callable[[Path], None]) -> None:
    """Load the images as one archive: their common base is then read once."""
    if not archives:
        return
    with tempfile.TemporaryDirectory(prefix="images-") as scratch:
        merged = Path(scratch) / "images.tar"
        merge_archives({spec.reference: archive for spec, archive in archives.items()}, merged)
        load(merged)


def loaded_archives(marks: Path) -> dict[ImageSpec, Path]:
    """What `provide` has loaded, by the marks it left."""
    found = {spec: Path(_mark(marks, spec)) for spec in IMAGES if _mark(marks, spec)}
    for spec, archive in found.items():
        if not archive.exists():
            raise ClusterError(
                f"{spec.name} was loaded from {archive}, which newer builds have replaced: "
                "run `python -m tests.cluster images` and try again"
            )
    return found


def _mark(marks: Path, spec: ImageSpec) -> str:
    mark = marks / spec.name
    return mark.read_text() if mark.exists() else ""


class ImageBuilder:
    """Builds each image in a copied context, so that the checkout stays as it is."""

    def __init__(self, cache: Path, progress: Progress, engine: Buildah | None = None) -> None:
        self._cache = cache
        self._progress = progress
        self._engine = engine or Buildah(cache, progress)

    def archives(self) -> dict[ImageSpec, Path]:
        """The docker-archive of every image."""
        keys: dict[str, str] = {}
        archives: dict[ImageSpec, Path] = {}
        for spec in IMAGES:
            keys[spec.name] = content_key(spec, self._parent_key(spec, keys))
            archives[spec] = self._archive(spec, keys)
        return archives

    def _parent_key(self, spec: ImageSpec, keys: dict[str, str]) -> str:
        return keys[spec.built_on] if spec.built_on else self._engine.base()

    def _archive(self, spec: ImageSpec, keys: dict[str, str]) -> Path:
        archive = self._cache / "images" / f"{spec.name}-{keys[spec.name]}.tar"
        if not archive.exists():
            self._build(spec, keys)
            self._engine.export(_name(spec.name, keys), spec.reference, archive)
            self._forget_old_archives(spec.name)
        return archive

    def _build(self, spec: ImageSpec, keys: dict[str, str]) -> None:
        base = _name(spec.built_on, keys) if spec.built_on else self._engine.base()
        if spec.built_on and not self._engine.has(base):
            self._build(next(parent for parent in IMAGES if parent.name == spec.built_on), keys)
        with (
            self._progress.step(f"building {spec.name}"),
            tempfile.TemporaryDirectory(prefix="context-") as scratch,
        ):
            context = Path(scratch)
            fill_context(spec, context, self._cache)
            arguments = {"BASE_IMAGE": base, "VERSION": TAG}
            self._engine.build(_name(spec.name, keys), context, ROOT / spec.dockerfile, arguments)
        self._engine.remove_others(_name(spec.name, keys))

    def _forget_old_archives(self, name: str) -> None:
        found = sorted((self._cache / "images").glob(f"{name}-*.tar"), key=lambda file: file.stat().st_mtime)
        for old in found[:-_KEPT_ARCHIVES]:
            old.unlink()


def fill_context(spec: ImageSpec, context: Path, cache: Path) -> None:
    """All that the image is built from, wheels included: the build itself fetches nothing."""
    copy_context(spec, context)
    if spec.wheels:
        shutil.copytree(ensure_wheels(ROOT / "requirements/operator.txt", cache), context / "wheels")
        add_project_wheel(context)


def _name(image: str, keys: dict[str, str]) -> str:
    return f"localhost/{image}:{keys[image]}"


@contextmanager
def storage_lock(cache: Path) -> Iterator[None]:
    """Two builds in one storage would undo each other's work."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
