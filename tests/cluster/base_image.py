"""The base image where no registry is reachable: Debian with python3, from the mirror that apt uses."""

import tempfile
from pathlib import Path

from .commands import Runner, run
from .errors import ClusterError
from .paths import digest
from .progress import Progress

SUITE = "bookworm"
PACKAGES = ("python3", "ca-certificates")
# Neither is read from a running container.
LEFT_OUT = (
    "./var/cache/apt/*",
    "./var/lib/apt/lists/*",
    "./var/log/*",
    "./dev/*",
    "./usr/share/doc/*",
    "./usr/share/man/*",
)


def mirror(runner: Runner = run) -> str:
    """Where this machine's apt gets Debian from, as apt itself tells."""
    listed = runner(
        ["apt-get", "indextargets", "--format", "$(SITE)|$(CODENAME)|$(COMPONENT)", "Created-By: Packages"]
    )
    targets = [line.split("|") for line in listed.splitlines() if line.count("|") == 2]
    for wanted in (SUITE, None):
        for site, codename, component in targets:
            if component == "main" and "security" not in codename and wanted in (codename, None):
                return site
    raise ClusterError(
        "apt names no Debian mirror with the component main, and the base image is made from one: "
        "add `deb <mirror> bookworm main` to /etc/apt/sources.list and run apt-get update"
    )


def debootstrap_command(target: Path, site: str) -> list[str]:
    return ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(target), site]


def pack_command(root: Path, archive: Path) -> list[str]:
    left_out = [f"--exclude={pattern}" for pattern in LEFT_OUT]
    return ["tar", "--numeric-owner", f"--directory={root}", *left_out, "--create", f"--file={archive}", "."]


def ensure_rootfs(cache: Path, progress: Progress, runner: Runner = run) -> Path:
    """Archive of the root file system, made once per mirror and list of packages."""
    site = mirror(runner)
    archive = cache / f"rootfs-{digest(site, SUITE, *PACKAGES, *LEFT_OUT)}.tar"
    if archive.exists():
        return archive
    cache.mkdir(parents=True, exist_ok=True)
    made = progress.step(f"debootstrap {SUITE} from {site}")
    with made, tempfile.TemporaryDirectory(prefix="rootfs-", dir=cache) as scratch:
        root, part = Path(scratch) / "root", Path(scratch) / "rootfs.tar"
        runner(debootstrap_command(root, site))
        runner(pack_command(root, part))
        part.rename(archive)
    return archive
