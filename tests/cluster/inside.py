"""What runs inside the namespaces: the first process of the cluster and of each further node.

Started by `embedded.py` as `python -m tests.cluster.inside ROLE STATE`; never imported by it.
"""

import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from . import cgroups, components
from .commands import run
from .components import Component, Options
from .errors import ClusterError
from .network import FIRST, LOOPBACK, SECOND, SECOND_GATEWAY, Node
from .paths import ROOT, Layout
from .process import ProcessIdentity, children, identify, kill
from .requirements import search_path

_WAIT_SECONDS = 60.0


class Supervisor:
    """Starts components and, as the first process of a pid namespace, reaps every orphan in it."""

    def __init__(self, layout: Layout, prefix: str = "") -> None:
        self._layout = layout
        self._prefix = prefix
        self._names: dict[int, str] = {}

    def start(self, *wanted: Component) -> None:
        for component in wanted:
            with component.log.open("ab") as log:
                process = subprocess.Popen(
                    component.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._layout.state
                )
            self._names[process.pid] = component.name

    def reap(self, *, block: bool) -> bool:
        """Collect one ended process, and note it when it was a component. False: none has ended."""
        try:
            pid, status = os.waitpid(-1, 0 if block else os.WNOHANG)
        except ChildProcessError:
            return False
        name = self._names.pop(pid, None)
        if name is not None:
            (self._layout.ended / f"{self._prefix}{name}").write_text(str(os.waitstatus_to_exitcode(status)))
        return pid != 0

    def wait_until(self, ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while not ready():
            while self.reap(block=False):
                pass
            if time.monotonic() > deadline:
                raise ClusterError(f"{what} did not happen in {_WAIT_SECONDS:g} s")
            time.sleep(0.1)

    def reap_forever(self) -> None:
        while self.reap(block=True):
            pass


def first_node(layout: Layout, options: Options) -> None:
    """Pid 1 of the cluster: everything ends with it."""
    supervisor = Supervisor(layout)
    # Until its starter has written down whom to end, it starts nothing that could be left behind.
    supervisor.wait_until(layout.pid_file.exists, f"{layout.pid_file}")
    _private_directories(layout, FIRST)
    run(["ip", "link", "set", "lo", "up"])
    run(["ip", "address", "add", f"{FIRST.address}/32", "dev", "lo"])
    _forward_packets()
    cgroups.create(f"{layout.cgroup}/{FIRST.name}")
    supervisor.start(*components.control_plane(layout), components.node_components(layout, FIRST)[0])
    supervisor.wait_until(lambda: api_ready(layout), "the API server's /readyz")
    supervisor.start(*components.controllers(layout, options), *components.node_components(layout, FIRST)[1:])
    supervisor.reap_forever()


def add_node(layout: Layout, node: Node) -> None:
    """Runs in the cluster's namespaces, starts the node's own below them and joins both by a veth pair."""
    module = [sys.executable, "-m", "tests.cluster.inside", "second-node", str(layout.state)]
    namespaces = [
        "unshare",
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--mount-proc",
        "--propagation",
        "private",
    ]
    with (layout.node(node.name) / "log" / "inside.log").open("ab") as log:
        starter = subprocess.Popen(
            [*namespaces, *module], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    own = Path("/proc/self/ns/net").readlink()
    deadline = time.monotonic() + _WAIT_SECONDS
    while Path(f"/proc/{starter.pid}/ns/net").readlink() == own:
        if time.monotonic() > deadline:
            raise ClusterError(f"{node.name} got no network namespace of its own")
        time.sleep(0.05)
    started = identify(starter.pid)
    if started is None:
        raise ClusterError(f"{node.name} ended at once; see {layout.node(node.name)}/log/inside.log")
    started.save(layout.node(node.name) / "pid.json")
    link = f"to-{node.name}"
    run(["ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(starter.pid)])
    run(["ip", "address", "add", f"{SECOND_GATEWAY}/24", "dev", link])
    run(["ip", "link", "set", link, "up"])
    run(["ip", "route", "add", node.pods, "via", node.address])


def second_node(layout: Layout) -> None:
    """Pid 1 of the second node: what runs on it ends with it, as when a machine is switched off."""
    supervisor = Supervisor(layout, prefix=f"{SECOND.name}-")
    _private_directories(layout, SECOND)
    run(["ip", "link", "set", "lo", "up"])
    _forward_packets()
    supervisor.wait_until(Path("/proc/sys/net/ipv4/conf/eth0").exists, "the link to the first node")
    run(["ip", "address", "add", f"{SECOND.address}/24", "dev", "eth0"])
    run(["ip", "link", "set", "eth0", "up"])
    run(["ip", "route", "add", "default", "via", SECOND_GATEWAY])
    cgroups.create(f"{layout.cgroup}/{SECOND.name}")
    containerd, *others = components.node_components(layout, SECOND)
    supervisor.start(containerd)
    supervisor.wait_until(layout.containerd_socket(SECOND.name).exists, "containerd's socket")
    supervisor.start(*others)
    supervisor.reap_forever()


def remove_node(layout: Layout, node: Node) -> None:
    """Runs in the cluster's pid namespace. The node's first process is the only child of its starter."""
    starter = ProcessIdentity.load(layout.node(node.name) / "pid.json")
    if starter is not None and starter.alive():
        for child in children(starter.pid):
            first = identify(child)
            if first is not None:
                kill(first)
    cgroups.remove(f"{layout.cgroup}/{node.name}")


def api_ready(layout: Layout) -> bool:
    context = ssl.create_default_context(cafile=str(layout.pki / "ca.crt"))
    context.load_cert_chain(layout.pki / "admin.crt", layout.pki / "admin.key")
    try:
        with urllib.request.urlopen(f"https://{LOOPBACK}:6443/readyz", context=context, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _private_directories(layout: Layout, node: Node) -> None:
    """Cover what containerd, runc and the plugins write outside the state: it vanishes with the namespace."""
    directory = layout.node(node.name)
    run(["mount", "-t", "tmpfs", "-o", "mode=0755", "backgroundjob", "/run"])
    for name in ("/var/log", "/var/lib/cni"):
        Path(name).mkdir(parents=True, exist_ok=True)
        private = directory / name.strip("/").replace("/", "-")
        private.mkdir(exist_ok=True)
        run(["mount", "--bind", str(private), name])


def _forward_packets() -> None:
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def main(role: str, state: str) -> None:
    layout = Layout(Path(state))
    options = Options.load(layout.options_file)
    os.environ["PATH"] = f"{options.binaries}:{search_path()}"
    os.environ["PYTHONPATH"] = str(ROOT)
    roles: dict[str, Callable[[], None]] = {
        "first-node": lambda: first_node(layout, options),
        "add-node": lambda: add_node(layout, SECOND),
        "second-node": lambda: second_node(layout),
        "remove-node": lambda: remove_node(layout, SECOND),
    }
    roles[role]()


if __name__ == "__main__":
    main(*sys.argv[1:])
