"""The embedded cluster: a whole Kubernetes in namespaces of this machine, without Docker or a registry."""

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import cgroups, config_text, kubelets, network, pki
from .binaries import ensure_binaries
from .commands import run
from .components import Options
from .errors import ClusterError
from .images import load_together, loaded_archives, provide
from .paths import ROOT, Layout, cache_directory, state_directory
from .pause import pause_archive
from .process import ProcessIdentity, children, identify, kill
from .progress import Progress
from .protocol import Images, WithKubectl, wait_for
from .requirements import require_machine, require_root

NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--propagation", "private")
_READY_SECONDS = 90.0


class EmbeddedCluster(WithKubectl):
    """One or two real nodes. Only what it started is ever ended or removed."""

    name = "embedded"

    def __init__(
        self,
        progress: Progress,
        *,
        state: Path | None = None,
        cache: Path | None = None,
        options: Options | None = None,
    ) -> None:
        self._progress = progress
        self._cache = cache or cache_directory()
        self._options = options
        self.layout = Layout(state or state_directory("embedded"))

    @property
    def audit_log(self) -> Path:
        return self.layout.audit_log

    @property
    def api_socket(self) -> Path:
        return self.layout.api_socket

    def environment(self) -> Mapping[str, str]:
        """Programs keep their own caches in the state too: nothing of the user's is read or written."""
        state = self.layout.state
        return {
            "KUBECONFIG": str(self.layout.kubeconfig()),
            "KUBECACHEDIR": f"{state}/kube-cache",
            "HELM_CACHE_HOME": f"{state}/helm/cache",
            "HELM_CONFIG_HOME": f"{state}/helm/config",
            "HELM_DATA_HOME": f"{state}/helm/data",
            "PATH": f"{Options.load(self.layout.options_file).binaries}:{os.environ['PATH']}",
        }

    def command(self, argv: Sequence[str]) -> list[str]:
        process = self._process()
        settings = [f"{name}={value}" for name, value in self.environment().items()]
        return ["nsenter", "--net", "--target", str(process.pid), "env", *settings, *argv]

    def running(self) -> bool:
        process = ProcessIdentity.load(self.layout.pid_file)
        return process is not None and process.alive()

    def up(self) -> None:
        require_machine(self._progress)
        with self._locked():
            if self.running():
                self._wait_until_ready()
                return
            binaries = (
                self._options.binaries if self._options else str(ensure_binaries(self._progress, self._cache))
            )
            self._remove_state()
            with self._progress.step("starting the embedded cluster"):
                self._prepare(self._options or Options(binaries=binaries))
                self._start_or_end()

    def down(self) -> None:
        if not self.layout.state.exists():
            return
        require_root()
        with self._locked():
            process = ProcessIdentity.load(self.layout.pid_file)
            if process is not None:
                kill(process)
            self._remove_state()

    def load(self, archive: Path) -> None:
        for node in network.NODES:
            if self.layout.containerd_socket(node).exists():
                self._load_into(node, archive)

    def provide_images(self) -> Images:
        return provide(self.load, self.layout.state / "loaded", self._progress, self._cache)

    def add_node(self) -> str:
        node = network.SECOND
        if self.layout.node(node.name).exists():
            if self.node_ready(node.name):
                return node.name
            self.remove_node()
        with self._progress.step(f"adding {node.name}"):
            config_text.write_node(self.layout, node)
            self._enter("add-node", "--net")
            wait_for(lambda: self.node_ready(node.name), f"{node.name} Ready", timeout_seconds=_READY_SECONDS)
        with self._progress.step(f"loading the images into {node.name}"):
            self._load_into(node.name, self._pause_archive())
            load_together(
                loaded_archives(self.layout.state / "loaded"), lambda file: self._load_into(node.name, file)
            )
        return node.name

    def remove_node(self) -> None:
        node = network.SECOND
        if not self.layout.node(node.name).exists():
            return
        self._enter("remove-node", "--net")
        self.kubectl("delete", "node", node.name, "--ignore-not-found")
        shutil.rmtree(self.layout.node(node.name))

    def pause_kubelet(self, node: str) -> None:
        """The node falls silent while its containers run on, as when a machine loses its network."""
        kubelets.pause(self.layout, node)

    def resume_kubelet(self, node: str) -> None:
        """The kubelet catches up with what it missed. Harmless when it was not paused."""
        kubelets.resume(self.layout, node)

    def _load_into(self, node: str, archive: Path) -> None:
        ctr = ["ctr", "--address", str(self.layout.containerd_socket(node)), "--namespace", "k8s.io"]
        self.runner(self.command([*ctr, "images", "import", str(archive)]))

    def _pause_archive(self) -> Path:
        return pause_archive(Path(Options.load(self.layout.options_file).binaries), self._cache)

    def _process(self) -> ProcessIdentity:
        process = ProcessIdentity.load(self.layout.pid_file)
        if process is None or not process.alive():
            raise ClusterError("the embedded cluster is not running: start it with `make cluster-up`")
        return process

    def _prepare(self, options: Options) -> None:
        self.layout.state.mkdir(parents=True, mode=0o700)
        options.save(self.layout.options_file)
        config_text.write_control_plane(self.layout)
        config_text.write_node(self.layout, network.FIRST)
        pki.create(self.layout)

    def _start(self) -> None:
        argv = [
            *NAMESPACES,
            sys.executable,
            "-m",
            "tests.cluster.inside",
            "first-node",
            str(self.layout.state),
        ]
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        outputs = [
            (os.POSIX_SPAWN_OPEN, fd, str(self.layout.logs / "inside.log"), flags, 0o600) for fd in (1, 2)
        ]
        starter = os.posix_spawnp(
            argv[0],
            argv,
            {**os.environ, "PYTHONPATH": str(ROOT)},
            file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), *outputs],
            setsid=True,
        )
        self._first_process(starter).save(self.layout.pid_file)

    def _start_or_end(self) -> None:
        """What does not become ready is ended; its logs stay until the next `up` or `down`."""
        self._start()
        try:
            self._wait_until_ready()
        except BaseException:
            process = ProcessIdentity.load(self.layout.pid_file)
            if process is not None:
                kill(process)
            raise

    def _wait_until_ready(self) -> None:
        """For a cluster that runs already, too: its `up` may have been killed before it was ready."""
        wait_for(self._ready, "node1 Ready", timeout_seconds=_READY_SECONDS)
        self.load(self._pause_archive())

    def _first_process(self, starter: int) -> ProcessIdentity:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for child in children(starter):
                found = identify(child)
                if found is not None:
                    return found
            time.sleep(0.02)
        raise ClusterError(f"no namespaces could be made; see {self.layout.logs}/inside.log")

    def _ready(self) -> bool:
        """Also the service account without which no pod is admitted."""
        for ended in self.layout.ended.iterdir():
            raise ClusterError(
                f"{ended.name} ended with {ended.read_text()}: read its log below {self.layout.state}, "
                "then `make cluster-down cluster-up`"
            )
        self._process()
        if not self.node_ready(network.FIRST.name):
            return False
        return bool(self.kubectl("get", "serviceaccount", "default", "--ignore-not-found", "--output=name"))

    def _enter(self, role: str, *namespaces: str) -> None:
        target = ["--mount", "--pid", *namespaces, "--target", str(self._process().pid)]
        module = [sys.executable, "-m", "tests.cluster.inside", role, str(self.layout.state)]
        run(["nsenter", *target, "env", f"PYTHONPATH={ROOT}", *module])

    def _remove_state(self) -> None:
        """After `kill`, and when a reboot or a crash left files behind."""
        cgroups.remove(self.layout.cgroup)
        if self.layout.state.exists():
            if self.running():
                raise ClusterError(f"{self.layout.state} belongs to a running cluster")
            shutil.rmtree(self.layout.state)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One `up` or `down` at a time for one state directory."""
        self.layout.state.parent.mkdir(parents=True, exist_ok=True)
        with self.layout.state.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
