"""The sequence of commands for kind, against a recorder: these tests run neither Docker nor kind."""

import io
from pathlib import Path

import pytest

from cluster_recorder import Recorder
from tests.cluster.errors import ClusterError
from tests.cluster.kind import KindCluster
from tests.cluster.paths import ROOT
from tests.cluster.progress import Progress

ID = "docker inspect --format={{.Id}} backgroundjob-control-plane"


def kind(tmp_path: Path, recorder: Recorder, *lacking: str) -> KindCluster:
    progress = Progress(io.StringIO())
    return KindCluster(progress, state=tmp_path, runner=recorder, find=lambda probe: probe not in lacking)


def started(tmp_path: Path) -> tuple[KindCluster, Recorder]:
    recorder = Recorder({"docker inspect": "abc\n"})
    cluster = kind(tmp_path, recorder)
    cluster.up()
    recorder.answers["kind get clusters"] = "backgroundjob\n"
    return cluster, recorder


def test_up_creates_a_cluster_with_a_kubeconfig_of_its_own(tmp_path: Path) -> None:
    _, recorder = started(tmp_path)
    assert recorder.lines == [
        "kind get clusters",
        f"kind create cluster --wait=180s --kubeconfig={tmp_path}/kubeconfig --name=backgroundjob",
        ID,
    ]


def test_up_twice_creates_one_cluster(tmp_path: Path) -> None:
    cluster, recorder = started(tmp_path)
    cluster.up()
    assert recorder.lines[3:] == ["kind get clusters", ID]


def test_images_are_built_by_docker_and_loaded_in_one_go(tmp_path: Path) -> None:
    cluster, recorder = started(tmp_path)
    images = cluster.provide_images()
    build, version = f"docker build --file={ROOT}", "--build-arg=VERSION=dev"
    base = f"--build-arg=BASE_IMAGE={images.runner}"
    assert recorder.lines[3:] == [
        f"{build}/operator/Dockerfile {version} --tag={images.operator} {ROOT}",
        f"{build}/runner_image/Dockerfile {version} --tag={images.runner} {ROOT}",
        f"{build}/examples/image/Dockerfile {version} {base} --tag={images.examples} {ROOT}/examples",
        f"kind load docker-image {images.operator} {images.runner} {images.examples} --name=backgroundjob",
    ]


def test_an_archive_is_loaded_by_name_of_the_cluster(tmp_path: Path) -> None:
    cluster, recorder = started(tmp_path)
    cluster.load(Path("/a.tar"))
    assert recorder.lines[-1] == "kind load image-archive /a.tar --name=backgroundjob"


def test_kubectl_sees_only_the_own_kubeconfig(tmp_path: Path) -> None:
    cluster, recorder = started(tmp_path)
    cluster.kubectl("get", "nodes")
    assert recorder.lines[-1] == f"env KUBECONFIG={tmp_path}/kubeconfig kubectl get nodes"


def test_down_deletes_what_up_created(tmp_path: Path) -> None:
    cluster, recorder = started(tmp_path)
    cluster.down()
    assert (
        recorder.lines[-1] == f"kind delete cluster --kubeconfig={tmp_path}/kubeconfig --name=backgroundjob"
    )
    assert not (tmp_path / "control-plane.id").exists()


@pytest.mark.parametrize("verb", ["up", "down"])
def test_a_cluster_of_this_name_that_somebody_else_made_is_left_alone(tmp_path: Path, verb: str) -> None:
    recorder = Recorder({"kind get clusters": "backgroundjob\n", "docker inspect": "theirs\n"})
    cluster = kind(tmp_path, recorder)
    with pytest.raises(ClusterError, match="this tool did not make"):
        getattr(cluster, verb)()
    assert not any("create" in line or "delete" in line for line in recorder.lines)


def test_a_cluster_made_again_by_somebody_else_is_left_alone_too(tmp_path: Path) -> None:
    cluster, recorder = started(tmp_path)
    recorder.answers["docker inspect"] = "another\n"
    with pytest.raises(ClusterError, match="this tool did not make"):
        cluster.down()
    assert not any("delete" in line for line in recorder.lines)


def test_down_without_a_cluster_deletes_nothing(tmp_path: Path) -> None:
    recorder = Recorder({"kind get clusters": "other\n"})
    kind(tmp_path, recorder).down()
    assert recorder.lines == ["kind get clusters"]


def test_missing_programs_are_named_with_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"needs docker \(https://.*kind \(`go install") as error:
        kind(tmp_path, Recorder(), "docker", "kind").up()
    assert "\n" not in str(error.value)


def test_a_second_node_is_refused_with_the_cluster_that_has_one(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="BACKGROUNDJOB_CLUSTER=embedded"):
        kind(tmp_path, Recorder()).add_node()
