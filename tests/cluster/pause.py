"""The image of the sandbox that every pod needs, from our own Go module: no registry is asked."""

from pathlib import Path

from .archive import write_archive
from .config_text import PAUSE_IMAGE
from .paths import digest


def pause_archive(binaries: Path, cache: Path) -> Path:
    program = (binaries / "pause").read_bytes()
    archive = cache / "images" / f"pause-{digest(program, PAUSE_IMAGE)}.tar"
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        write_archive(archive, PAUSE_IMAGE, {"/pause": program}, ["/pause"])
    return archive
