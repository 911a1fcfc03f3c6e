"""Builds images from Dockerfiles with buildah: no daemon, no registry, storage of its own in the cache."""

from pathlib import Path

from .base_image import ensure_rootfs
from .commands import Runner, run
from .errors import CommandError
from .progress import Progress


class Buildah:
    """Image names here end in the content's key; an archive gives the image its public name."""

    def __init__(self, cache: Path, progress: Progress, runner: Runner = run) -> None:
        self._cache = cache
        self._progress = progress
        self._runner = runner
        self._driver: str | None = None

    def buildah(self, *arguments: str) -> str:
        return self._runner([*self._program(self._storage_driver()), *arguments])

    def base(self) -> str:
        """Name of the base image, imported when the storage does not have it."""
        rootfs = ensure_rootfs(self._cache, self._progress, self._runner)
        name = f"localhost/backgroundjob-base:{rootfs.stem.removeprefix('rootfs-')}"
        if not self.has(name):
            container = self.buildah("from", "scratch").strip()
            try:
                self.buildah("add", "--quiet", container, str(rootfs), "/")
                self.buildah("commit", "--quiet", container, name)
            finally:
                self.buildah("rm", container)
        return name

    def has(self, name: str) -> bool:
        try:
            self.buildah("inspect", "--type=image", "--format={{.FromImage}}", name)
        except CommandError:
            return False
        return True

    def build(
        self, name: str, context: Path, dockerfile: Path, arguments: dict[str, str], timestamp: int = 0
    ) -> None:
        """Build the image; `timestamp` dates it and its files, so that equal content makes an equal image."""
        given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        # chroot: a machine that forbids nested namespaces can build, too.
        self.buildah(
            "bud",
            "--quiet",
            "--isolation=chroot",
            "--pull-never",
            f"--timestamp={timestamp}",
            *given,
            f"--file={dockerfile}",
            f"--tag={name}",
            str(context),
        )

    def export(self, name: str, public_name: str, archive: Path) -> None:
        archive.parent.mkdir(parents=True, exist_ok=True)
        part = archive.with_suffix(".part")
        part.unlink(missing_ok=True)
        self.buildah("push", "--quiet", name, f"docker-archive:{part}:{public_name}")
        part.replace(archive)

    def remove_others(self, name: str) -> None:
        """Forget older builds of the same image; the layers they share with it stay."""
        repository = name.rpartition(":")[0]
        listed = self.buildah("images", "--format={{.Name}}:{{.Tag}}", "--noheading")
        for other in listed.splitlines():
            if other.rpartition(":")[0] == repository and other != name:
                self.buildah("rmi", "--force", other)

    def _storage_driver(self) -> str:
        """Overlay copies nothing; vfs copies whole layers, and works where the kernel has no overlay."""
        if self._driver is None:
            try:
                self._runner([*self._program("overlay"), "info"])
                self._driver = "overlay"
            except CommandError:
                self._driver = "vfs"
        return self._driver

    def _program(self, driver: str) -> list[str]:
        storage = self._cache / f"buildah-{driver}"
        return [
            "buildah",
            "--storage-driver",
            driver,
            "--root",
            f"{storage}/storage",
            "--runroot",
            f"{storage}/run",
        ]
