"""Cgroups of the cluster's nodes. Each has its own root, so `down` removes exactly what the cluster made."""

import time
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
_CONTROLLERS = "+cpu +cpuset +io +memory +pids"


def hierarchies(mount: Path = MOUNT) -> tuple[Path, ...]:
    """The one of cgroup v2, or each controller's of v1."""
    if (mount / "cgroup.controllers").exists():
        return (mount,)
    # Aliases such as cpu,cpuacct are links to one directory.
    return tuple(sorted({entry.resolve() for entry in mount.iterdir() if entry.is_dir()}))


def create(path: str, mount: Path = MOUNT) -> None:
    """Make `path` in every hierarchy, with the controllers a kubelet asks for."""
    for hierarchy in hierarchies(mount):
        parent = hierarchy
        for name in Path(path).parts:
            if (parent / "cgroup.subtree_control").exists() and hierarchy == mount:
                (parent / "cgroup.subtree_control").write_text(_CONTROLLERS)
            child = parent / name
            child.mkdir(exist_ok=True)
            _inherit_cpuset(parent, child)
            parent = child


def _inherit_cpuset(parent: Path, child: Path) -> None:
    """In v1 a new cpuset is empty, and an empty one refuses every process."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        source, target = parent / name, child / name
        if source.exists() and target.exists() and not target.read_text().strip():
            target.write_text(source.read_text())


def remove(path: str, mount: Path = MOUNT, *, timeout_seconds: float = 10) -> None:
    """Remove `path` and all below, deepest first. A cgroup stays busy until its last process is gone."""
    deadline = time.monotonic() + timeout_seconds
    for hierarchy in hierarchies(mount):
        top = hierarchy / path
        directories = [entry for entry in top.rglob("*") if entry.is_dir()] if top.is_dir() else []
        for directory in [*sorted(directories, reverse=True), *([top] if top.is_dir() else [])]:
            _remove_one(directory, deadline)


def _remove_one(directory: Path, deadline: float) -> None:
    while True:
        try:
            directory.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
