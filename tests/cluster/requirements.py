"""What the embedded cluster needs from the machine, and one line on how to get what is missing."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from .commands import Runner, run
from .errors import ClusterError
from .progress import Progress

# Debian package -> a file or program that shows it is there, whatever the distribution calls it.
PACKAGES = {
    "runc": "runc",
    "iptables": "iptables",
    "nftables": "nft",
    "conntrack": "conntrack",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "iproute2": "ip",
    "openssl": "openssl",
    "debootstrap": "debootstrap",
    "buildah": "buildah",
    "util-linux": "unshare",
}

Find = Callable[[str], bool]


def present(probe: str) -> bool:
    """Whether the program is on PATH (or, for an absolute name, the file exists)."""
    return (
        Path(probe).exists() if probe.startswith("/") else shutil.which(probe, path=search_path()) is not None
    )


def search_path(environment: Mapping[str, str] = os.environ) -> str:
    """PATH with the system's directories, which `su` leaves out."""
    return f"{environment.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"


def missing_packages(find: Find = present) -> tuple[str, ...]:
    return tuple(package for package, probe in PACKAGES.items() if not find(probe))


def require_root(user_id: int | None = None) -> None:
    if (os.geteuid() if user_id is None else user_id) != 0:
        raise ClusterError(
            "the embedded cluster needs root for its namespaces: run the same command with sudo, "
            "or use Docker and BACKGROUNDJOB_CLUSTER=kind"
        )


def require_go(find: Find = present) -> None:
    if not find("go"):
        raise ClusterError(
            "Go is missing, and Kubernetes is built with it: install Go 1.26 or later from https://go.dev/dl "
            "and put `go` on PATH"
        )


def install_packages(progress: Progress, runner: Runner = run, find: Find = present) -> None:
    """Install what is missing with apt-get; without apt-get, say what is missing."""
    missing = missing_packages(find)
    if not missing:
        return
    if not find("apt-get"):
        raise ClusterError(
            f"missing: {' '.join(missing)} (names of Debian's packages); install them and run this again"
        )
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with progress.step(f"apt-get install {' '.join(missing)}"):
        runner(["apt-get", "update", "--quiet"], environment=quiet)
        runner(
            ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing], environment=quiet
        )
    still = missing_packages(find)
    if still:
        raise ClusterError(
            f"apt-get installed nothing that provides {' '.join(PACKAGES[name] for name in still)}: "
            f"try `apt-get install --no-install-recommends {' '.join(still)}` by hand"
        )


def require_machine(progress: Progress) -> None:
    """Everything the embedded cluster needs; raises with one line that says what to do."""
    require_root()
    install_packages(progress)
