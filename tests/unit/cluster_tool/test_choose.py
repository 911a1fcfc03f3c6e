"""Which cluster is used, and that no other is ever touched."""

import io
import os
from pathlib import Path

import pytest

from cluster_recorder import Recorder
from tests.cluster.choose import open_cluster
from tests.cluster.current import CurrentCluster
from tests.cluster.embedded import EmbeddedCluster
from tests.cluster.errors import ClusterError
from tests.cluster.paths import state_directory
from tests.cluster.process import identify
from tests.cluster.progress import Progress
from tests.cluster.protocol import Cluster, refuse_straying

QUIET = Progress(io.StringIO())


def chosen(**environment: str) -> Cluster:
    return open_cluster(QUIET, environment, Recorder())


def current(tmp_path: Path, recorder: Recorder, **environment: str) -> CurrentCluster:
    return CurrentCluster(QUIET, environment, state=tmp_path, runner=recorder)


@pytest.mark.parametrize("name", ["embedded", "kind", "current"])
def test_the_environment_chooses_the_cluster(name: str) -> None:
    assert chosen(BACKGROUNDJOB_CLUSTER=name).name == name


def test_the_default_is_embedded() -> None:
    assert chosen().name == "embedded"


def test_an_unknown_name_is_refused_with_the_accepted_ones() -> None:
    with pytest.raises(ClusterError, match="'minikube'; accepted are embedded, kind and current"):
        chosen(BACKGROUNDJOB_CLUSTER="minikube")


@pytest.mark.parametrize("name", ["embedded", "kind"])
def test_a_context_that_the_tool_did_not_make_is_refused(name: str) -> None:
    with pytest.raises(ClusterError, match=r"'production'.*uses only its own"):
        chosen(BACKGROUNDJOB_CLUSTER=name, BACKGROUNDJOB_CONTEXT="production")


def test_the_own_context_may_be_named() -> None:
    assert chosen(BACKGROUNDJOB_CONTEXT="backgroundjob-embedded").name == "embedded"


@pytest.mark.parametrize("given", ["", "staging", "prod", "production "])
def test_current_needs_the_exact_name_of_the_context(tmp_path: Path, given: str) -> None:
    recorder = Recorder({"kubectl config current-context": "production\n"})
    with pytest.raises(ClusterError, match="'production'"):
        current(tmp_path, recorder, BACKGROUNDJOB_CONTEXT=given).up()
    assert recorder.lines == ["kubectl config current-context"]


def test_current_works_on_a_private_copy_of_the_one_context(tmp_path: Path) -> None:
    recorder = Recorder({"kubectl config current-context": "dev\n", "kubectl config view": "the copy"})
    cluster = current(tmp_path, recorder, BACKGROUNDJOB_CONTEXT="dev")
    cluster.up()
    copy = tmp_path / "kubeconfig"
    assert copy.read_text() == "the copy"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert recorder.lines[1:] == [
        "kubectl config view --minify --flatten --raw --context=dev",
        f"env KUBECONFIG={copy} kubectl get --raw=/readyz",
    ]


def test_current_runs_nothing_before_its_context_is_confirmed(tmp_path: Path) -> None:
    recorder = Recorder()
    with pytest.raises(ClusterError, match="not confirmed yet"):
        current(tmp_path, recorder, BACKGROUNDJOB_CONTEXT="dev").kubectl("get", "nodes")
    assert recorder.lines == []


def test_current_is_forgotten_and_not_deleted(tmp_path: Path) -> None:
    recorder = Recorder({"kubectl config current-context": "dev\n"})
    cluster = current(tmp_path, recorder, BACKGROUNDJOB_CONTEXT="dev")
    cluster.up()
    commands = len(recorder.commands)
    cluster.down()
    assert not cluster.running()
    assert len(recorder.commands) == commands


def test_current_takes_images_from_the_registry_it_is_told(tmp_path: Path) -> None:
    cluster = current(tmp_path, Recorder(), BACKGROUNDJOB_IMAGE_PREFIX="example.org/team/")
    assert cluster.provide_images().runner == "example.org/team/backgroundjob-runner:dev"


def test_current_without_a_registry_says_which_setting_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="BACKGROUNDJOB_IMAGE_PREFIX"):
        current(tmp_path, Recorder()).provide_images()


@pytest.mark.parametrize(
    "option", ["--context=prod", "--context", "--kubeconfig=/root/.kube/config", "-s", "--server=https://x"]
)
def test_kubectl_options_that_lead_to_another_cluster_are_refused(option: str) -> None:
    with pytest.raises(ClusterError, match="only to their own cluster"):
        refuse_straying(["get", "nodes", option])


def test_options_of_a_program_in_a_pod_are_its_own_matter() -> None:
    refuse_straying(["exec", "pod", "--", "tool", "--context=x"])


def test_a_cluster_that_does_not_run_says_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="`make cluster-up`"):
        EmbeddedCluster(QUIET, state=tmp_path / "state").kubectl("get", "nodes")


def test_the_embedded_cluster_hands_out_only_its_own_files(tmp_path: Path) -> None:
    """A process that surely lives stands for the first of the namespaces."""
    cluster = EmbeddedCluster(QUIET, state=tmp_path)
    process = identify(os.getpid())
    assert process is not None
    process.save(cluster.layout.pid_file)
    cluster.layout.options_file.write_text('{"binaries": "/cache/bin"}')
    argv = cluster.command(["helm", "list"])
    assert argv[:5] == ["nsenter", "--net", "--target", str(os.getpid()), "env"]
    assert f"KUBECONFIG={tmp_path}/pki/admin.kubeconfig" in argv
    assert argv[-2:] == ["helm", "list"]


def test_a_state_directory_too_long_for_sockets_is_refused() -> None:
    with pytest.raises(ClusterError, match="set XDG_STATE_HOME to a shorter directory"):
        state_directory("embedded", {"XDG_STATE_HOME": "/" + "x" * 80})


def test_nothing_lies_in_the_checkout() -> None:
    assert state_directory("embedded", {"HOME": "/home/a"}) == Path(
        "/home/a/.local/state/backgroundjob/embedded"
    )
