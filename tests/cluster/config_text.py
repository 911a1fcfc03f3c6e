"""Configuration files of the embedded cluster as functions that return their text."""

import json
from pathlib import Path

from .network import SERVICE_DNS, Node
from .paths import Layout

CONTEXT = "backgroundjob-embedded"
PAUSE_IMAGE = "backgroundjob.local/pause:1"
# The containers' CNI plugins of Debian's package containernetworking-plugins.
CNI_PLUGINS = "/usr/lib/cni"


def kubeconfig(pki: Path, user: str, server: str) -> str:
    return f"""\
apiVersion: v1
kind: Config
clusters:
- name: {CONTEXT}
  cluster: {{server: "https://{server}:6443", certificate-authority: "{pki}/ca.crt"}}
users:
- name: {user}
  user: {{client-certificate: "{pki}/{user}.crt", client-key: "{pki}/{user}.key"}}
contexts:
- name: {CONTEXT}
  context: {{cluster: {CONTEXT}, user: {user}}}
current-context: {CONTEXT}
"""


def audit_policy() -> str:
    """Who did what to which object, for every request; no bodies, which may hold parameters."""
    return """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
"""


def cni_network(node: Node, directory: Path) -> str:
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipam": {
            "type": "host-local",
            "dataDir": f"{directory}/cni-leases",
            "ranges": [[{"subnet": node.pods}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "1.0.0", "name": "backgroundjob", "plugins": [bridge, ports]}, indent=1)


def containerd(directory: Path) -> str:
    return f"""\
version = 3
root = "{directory}/containerd/root"
state = "{directory}/containerd/state"
[grpc]
  address = "{directory}/containerd/containerd.sock"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
  # A root without CAP_SYS_RESOURCE cannot lower it, and runc then loses its child.
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{CNI_PLUGINS}"]
  conf_dir = "{directory}/cni"
"""


def kubelet(layout: Layout, node: Node) -> str:
    directory, pki = layout.node(node.name), layout.pki
    return f"""\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
# 1.35 and later refuse cgroup v1 without this.
failCgroupV1: false
cgroupDriver: cgroupfs
# Two kubelets under one root remove each other's pods.
cgroupRoot: /{layout.cgroup}/{node.name}
failSwapOn: false
authentication:
  anonymous: {{enabled: false}}
  webhook: {{enabled: true}}
  x509: {{clientCAFile: "{pki}/ca.crt"}}
authorization: {{mode: Webhook}}
containerRuntimeEndpoint: "unix://{layout.containerd_socket(node.name)}"
clusterDNS: [{SERVICE_DNS}]
clusterDomain: cluster.local
# The machine's name servers cannot be reached from here.
resolvConf: "{directory}/resolv.conf"
podLogsDir: "{directory}/pod-logs"
tlsCertFile: "{pki}/kubelet-{node.name}.crt"
tlsPrivateKeyFile: "{pki}/kubelet-{node.name}.key"
maxPods: 200
enforceNodeAllocatable: []
imageGCHighThresholdPercent: 100
serializeImagePulls: false
# Renewed every quarter of it. The controller manager's --node-monitor-grace-period counts on that.
nodeLeaseDurationSeconds: 8
# How soon a node that was silent says that it is Ready; without change it still reports every 5 minutes.
nodeStatusUpdateFrequency: 2s
nodeStatusReportFrequency: 5m
evictionHard:
  memory.available: 100Mi
  nodefs.available: 1%
  imagefs.available: 1%
  nodefs.inodesFree: 1%
"""


def write_node(layout: Layout, node: Node) -> None:
    """The files one node reads when it starts."""
    directory = layout.node(node.name)
    for name in ("cni", "log", "pod-logs", "containerd"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    (directory / "resolv.conf").write_text("")
    (directory / "containerd.toml").write_text(containerd(directory))
    (directory / "kubelet.yaml").write_text(kubelet(layout, node))
    (directory / "cni" / "10-bridge.conflist").write_text(cni_network(node, directory))


def write_control_plane(layout: Layout) -> None:
    for directory in (layout.logs, layout.ended):
        directory.mkdir(parents=True, exist_ok=True)
    (layout.state / "audit.yaml").write_text(audit_policy())
