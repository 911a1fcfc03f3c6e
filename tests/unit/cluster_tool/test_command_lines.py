"""The processes of the embedded cluster, and the files they read."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cluster import config_text, kubelets, network, pki
from tests.cluster.components import (
    CONTROLLER_MANAGER_ARGS,
    Options,
    control_plane,
    controllers,
    node_components,
)
from tests.cluster.paths import Layout

LAYOUT = Layout(Path("/state"))
OPTIONS = Options(binaries="/bin-of-cache")


def argv_of(name: str) -> tuple[str, ...]:
    nodes = [part for node in network.NODES.values() for part in node_components(LAYOUT, node)]
    every = (*control_plane(LAYOUT), *controllers(LAYOUT, OPTIONS), *nodes)
    return next(component.argv for component in every if component.name == name)


def test_the_api_server_logs_every_request_and_never_rotates_the_log() -> None:
    argv = argv_of("kube-apiserver")
    assert "--audit-policy-file=/state/audit.yaml" in argv
    assert "--audit-log-path=/state/log/audit.log" in argv
    assert "--audit-log-maxsize=100000" in argv


def test_the_api_server_authorizes_nodes_and_rbac_only() -> None:
    assert "--authorization-mode=Node,RBAC" in argv_of("kube-apiserver")


def test_the_controller_manager_is_not_throttled_to_three_jobs_a_second() -> None:
    assert CONTROLLER_MANAGER_ARGS[:2] == ("--kube-api-qps=200", "--kube-api-burst=400")
    assert argv_of("kube-controller-manager")[-len(CONTROLLER_MANAGER_ARGS) :] == CONTROLLER_MANAGER_ARGS


def test_a_kubelet_gives_word_several_times_before_its_node_counts_as_silent() -> None:
    (grace,) = (arg for arg in CONTROLLER_MANAGER_ARGS if arg.startswith("--node-monitor-grace-period="))
    lease = yaml.safe_load(config_text.kubelet(LAYOUT, network.SECOND))["nodeLeaseDurationSeconds"]
    renewal_seconds = lease / 4  # client-go's fraction, which nobody can set
    assert int(grace.partition("=")[2].removesuffix("s")) >= 5 * renewal_seconds


@pytest.mark.parametrize("node", network.NODES)
def test_the_kubelet_that_is_paused_is_the_one_of_this_node_and_this_state(node: str) -> None:
    argv = kubelets.command_line(LAYOUT, node)
    assert argv[:2] == ("kube", "kubelet")
    assert f"--root-dir=/state/{node}/kubelet" in argv


def test_given_arguments_replace_the_defaults_and_come_last() -> None:
    options = Options(binaries="/b", controller_manager_args=("--v=2",), scheduler_args=("--v=3",))
    manager, scheduler, _ = controllers(LAYOUT, options)
    assert (manager.argv[-1], scheduler.argv[-1]) == ("--v=2", "--v=3")


def test_options_survive_being_saved_and_loaded(tmp_path: Path) -> None:
    options = Options(binaries="/b", scheduler_args=("--v=3",))
    options.save(tmp_path / "options.json")
    assert Options.load(tmp_path / "options.json") == options


def test_each_node_has_its_own_files_and_identity() -> None:
    first, second = (node_components(LAYOUT, node) for node in network.NODES.values())
    assert not set(first[1].argv) & set(second[1].argv) - {"kube", "kubelet"}
    assert "--kubeconfig=/state/pki/kubelet-node2.kubeconfig" in second[1].argv


def test_the_socket_of_the_api_refuses_no_path() -> None:
    assert "--reject-paths=^$" in argv_of("api-socket")
    assert "--unix-socket=/state/api.sock" in argv_of("api-socket")


def test_the_audit_policy_records_who_and_what_but_no_bodies() -> None:
    policy = yaml.safe_load(config_text.audit_policy())
    assert policy["rules"] == [{"level": "Metadata"}]


@pytest.mark.parametrize("node", network.NODES.values(), ids=lambda node: str(node.name))
def test_kubelets_never_share_a_cgroup_root(node: network.Node) -> None:
    text = yaml.safe_load(config_text.kubelet(LAYOUT, node))
    assert text["cgroupRoot"] == f"/{LAYOUT.cgroup}/{node.name}"
    assert text["failCgroupV1"] is False
    assert text["containerRuntimeEndpoint"] == f"unix:///state/{node.name}/containerd/containerd.sock"


def test_the_pod_networks_of_the_nodes_are_disjoint() -> None:
    first, second = (
        json.loads(config_text.cni_network(node, Path("/n")))["plugins"][0]["ipam"]["ranges"]
        for node in network.NODES.values()
    )
    assert (first, second) == ([[{"subnet": "10.84.0.0/16"}]], [[{"subnet": "10.85.0.0/16"}]])


def test_containerd_keeps_everything_below_the_directory_of_its_node() -> None:
    text = config_text.containerd(Path("/state/node1"))
    assert 'root = "/state/node1/containerd/root"' in text
    assert 'sandbox = "backgroundjob.local/pause:1"' in text


def test_a_kubeconfig_has_one_context_and_it_is_ours() -> None:
    document = yaml.safe_load(config_text.kubeconfig(Path("/pki"), "admin", "127.0.0.1"))
    assert [context["name"] for context in document["contexts"]] == [config_text.CONTEXT]
    assert document["current-context"] == config_text.CONTEXT


def test_a_kubelet_is_a_member_of_the_nodes_group_under_its_own_name() -> None:
    subjects = {identity.name: identity.subject for identity in pki.identities()}
    assert subjects["kubelet-node2"] == "/O=system:nodes/CN=system:node:node2"


def test_the_certificate_of_the_api_server_names_every_address_it_answers_at() -> None:
    server = next(identity for identity in pki.identities() if identity.name == "apiserver")
    assert pki.extensions(server).splitlines()[1] == (
        "subjectAltName=IP:127.0.0.1,IP:10.83.0.2,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc"
    )


def test_certificates_are_requested_and_signed_by_argument_lists() -> None:
    request, signature = pki.issue_commands(Path("/pki"), pki.Identity("admin", "/CN=a b; rm"))
    assert "/CN=a b; rm" in request
    assert signature[:3] == ["openssl", "x509", "-req"]


def test_two_states_have_two_cgroups() -> None:
    assert Layout(Path("/a")).cgroup != Layout(Path("/b")).cgroup
