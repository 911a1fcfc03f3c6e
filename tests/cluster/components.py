"""Command lines of the cluster's processes: pure, so that a test can read every flag."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .network import FIRST, LOOPBACK, PODS, SERVICES, Node
from .paths import Layout

ETCD = f"http://{LOOPBACK}:2379"
_ETCD_PEER = f"http://{LOOPBACK}:2380"

# At its default of 20 requests a second the controller manager completes 3.4 Jobs a second, whatever the
# machine: the tests would measure that throttle. 200 is above what containers on a laptop reach.
# And a silent node would be noticed after 50 s only; config_text.kubelet has it give word every 2 s.
CONTROLLER_MANAGER_ARGS = (
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    "--node-monitor-grace-period=14s",
    "--node-monitor-period=2s",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a cluster is started with. Additional arguments come last, so they win."""

    binaries: str
    controller_manager_args: tuple[str, ...] = CONTROLLER_MANAGER_ARGS
    scheduler_args: tuple[str, ...] = ()

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, file: Path) -> "Options":
        options = cls(**json.loads(file.read_text()))
        return replace(
            options,
            controller_manager_args=tuple(options.controller_manager_args),
            scheduler_args=tuple(options.scheduler_args),
        )


@dataclass(frozen=True, slots=True)
class Component:
    """A process of the cluster and the file that gets its output."""

    name: str
    argv: tuple[str, ...]
    log: Path


def control_plane(layout: Layout) -> tuple[Component, ...]:
    """What must run before the API answers."""
    return (_etcd(layout), _apiserver(layout))


def controllers(layout: Layout, options: Options) -> tuple[Component, ...]:
    """What needs the API: the controllers, and a socket through which the machine reaches it."""
    return (_controller_manager(layout, options), _scheduler(layout, options), _api_socket(layout))


def node_components(layout: Layout, node: Node) -> tuple[Component, ...]:
    return (_containerd(layout, node), _kubelet(layout, node), _kube_proxy(layout, node))


def _etcd(layout: Layout) -> Component:
    argv = (
        "etcd",
        f"--data-dir={layout.state}/etcd",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        f"--listen-peer-urls={_ETCD_PEER}",
        f"--initial-advertise-peer-urls={_ETCD_PEER}",
        f"--initial-cluster=default={_ETCD_PEER}",
        # The data does not outlive the cluster.
        "--unsafe-no-fsync",
    )
    return Component("etcd", argv, layout.logs / "etcd.log")


def _apiserver(layout: Layout) -> Component:
    pki = layout.pki
    argv = (
        "kube",
        "kube-apiserver",
        f"--etcd-servers={ETCD}",
        "--secure-port=6443",
        "--bind-address=0.0.0.0",
        f"--advertise-address={FIRST.address}",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-cluster-ip-range={SERVICES}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--kubelet-client-certificate={pki}/admin.crt",
        f"--kubelet-client-key={pki}/admin.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--audit-policy-file={layout.state}/audit.yaml",
        f"--audit-log-path={layout.audit_log}",
        # In MB: at its default the log is rotated after 100, and a test would count half of the requests.
        "--audit-log-maxsize=100000",
    )
    return Component("kube-apiserver", argv, layout.logs / "kube-apiserver.log")


def _controller_manager(layout: Layout, options: Options) -> Component:
    argv = (
        "kube",
        "kube-controller-manager",
        f"--kubeconfig={layout.kubeconfig('controller-manager')}",
        f"--root-ca-file={layout.pki}/ca.crt",
        f"--service-account-private-key-file={layout.pki}/sa.key",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        *options.controller_manager_args,
    )
    return Component("kube-controller-manager", argv, layout.logs / "kube-controller-manager.log")


def _scheduler(layout: Layout, options: Options) -> Component:
    kubeconfig = f"--kubeconfig={layout.kubeconfig('scheduler')}"
    argv = ("kube", "kube-scheduler", kubeconfig, "--leader-elect=false", *options.scheduler_args)
    return Component("kube-scheduler", argv, layout.logs / "kube-scheduler.log")


def _api_socket(layout: Layout) -> Component:
    """A file-system socket crosses network namespaces; only root can enter the state directory."""
    argv = (
        "kubectl",
        f"--kubeconfig={layout.kubeconfig()}",
        "proxy",
        f"--unix-socket={layout.api_socket}",
        # The default refuses exec and attach.
        "--reject-paths=^$",
    )
    return Component("api-socket", argv, layout.logs / "api-socket.log")


def _containerd(layout: Layout, node: Node) -> Component:
    directory = layout.node(node.name)
    argv = ("containerd", "--config", f"{directory}/containerd.toml")
    return Component("containerd", argv, directory / "log" / "containerd.log")


def _kubelet(layout: Layout, node: Node) -> Component:
    directory = layout.node(node.name)
    argv = (
        "kube",
        "kubelet",
        f"--config={directory}/kubelet.yaml",
        f"--kubeconfig={layout.kubeconfig(f'kubelet-{node.name}')}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
        f"--root-dir={directory}/kubelet",
    )
    return Component("kubelet", argv, directory / "log" / "kubelet.log")


def _kube_proxy(layout: Layout, node: Node) -> Component:
    argv = (
        "kube",
        "kube-proxy",
        f"--kubeconfig={layout.kubeconfig(f'proxy-{node.name}')}",
        "--proxy-mode=nftables",
        f"--hostname-override={node.name}",
        f"--cluster-cidr={PODS}",
        # These would write limits of the whole machine.
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0s",
        "--conntrack-tcp-timeout-close-wait=0s",
    )
    return Component("kube-proxy", argv, layout.node(node.name) / "log" / "kube-proxy.log")
