"""Where things lie: never in the checkout. The cache survives `down`, the state does not."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import ClusterError

ROOT = Path(__file__).resolve().parents[2]
GO_MODULES = Path(__file__).resolve().parent / "go"

# sockaddr_un holds 108 bytes; the longest socket of ours is "node2/containerd/containerd.sock.ttrpc".
_LONGEST_STATE_PATH = 108 - len("/node2/containerd/containerd.sock.ttrpc") - 1


def cache_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Built binaries, images and wheels, each named after what it was built from."""
    return _base(environment, "XDG_CACHE_HOME", ".cache")


def state_directory(name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Everything one running cluster owns: certificates, etcd, containers, logs."""
    state = _base(environment, "XDG_STATE_HOME", ".local/state") / name
    if len(str(state)) > _LONGEST_STATE_PATH:
        raise ClusterError(
            f"{state} has {len(str(state))} characters; the sockets in it allow {_LONGEST_STATE_PATH}: "
            "set XDG_STATE_HOME to a shorter directory"
        )
    return state


def _base(environment: Mapping[str, str], variable: str, default: str) -> Path:
    home = Path(environment.get("HOME", "/root"))
    return Path(environment.get(variable) or home / default).absolute() / "backgroundjob"


def digest(*parts: bytes | str) -> str:
    """Sixteen hexadecimal digits that change when any part, or the border between two, does."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of the files of one embedded cluster. `state` is its directory."""

    state: Path

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def pid_file(self) -> Path:
        return self.state / "pid.json"

    @property
    def options_file(self) -> Path:
        return self.state / "options.json"

    @property
    def ended(self) -> Path:
        """One file per component that ended by itself, written by the first process."""
        return self.state / "ended"

    @property
    def audit_log(self) -> Path:
        return self.logs / "audit.log"

    @property
    def api_socket(self) -> Path:
        return self.state / "api.sock"

    @property
    def cgroup(self) -> str:
        """Relative to each cgroup hierarchy; two state directories never share it."""
        return f"backgroundjob-{digest(str(self.state))[:8]}"

    def kubeconfig(self, user: str = "admin") -> Path:
        return self.pki / f"{user}.kubeconfig"

    def node(self, name: str) -> Path:
        """What one node owns: containerd, kubelet, network leases, logs."""
        return self.state / name

    def containerd_socket(self, node: str) -> Path:
        return self.node(node) / "containerd" / "containerd.sock"
