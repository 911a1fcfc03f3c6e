"""What the machine lacks is said in one line, with the next step."""

import io
from collections.abc import Sequence

import pytest

from cluster_recorder import Recorder
from tests.cluster.errors import ClusterError, CommandError
from tests.cluster.progress import Progress
from tests.cluster.requirements import (
    PACKAGES,
    install_packages,
    missing_packages,
    require_go,
    require_root,
)


class Machine:
    """Programs that are there; apt-get's install makes the others appear."""

    def __init__(self, *lacking: str) -> None:
        self.lacking = {*lacking}

    def find(self, probe: str) -> bool:
        return probe not in self.lacking


class InstallingRecorder(Recorder):
    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine

    def perform(self, argv: Sequence[str]) -> None:
        if "install" in argv:
            self._machine.lacking.clear()


def quiet() -> Progress:
    return Progress(io.StringIO())


def test_a_user_who_is_not_root_is_told_what_to_do() -> None:
    with pytest.raises(ClusterError, match=r"needs root.*sudo.*BACKGROUNDJOB_CLUSTER=kind") as error:
        require_root(1000)
    assert "\n" not in str(error.value)


def test_root_is_accepted() -> None:
    require_root(0)


def test_missing_go_is_named_with_where_to_get_it() -> None:
    with pytest.raises(ClusterError, match=r"Go is missing.*https://go\.dev/dl"):
        require_go(Machine("go").find)


def test_packages_are_found_by_what_they_install() -> None:
    assert missing_packages(Machine("nft", "/usr/lib/cni/bridge").find) == (
        "nftables",
        "containernetworking-plugins",
    )


def test_apt_installs_only_what_is_missing_after_an_update() -> None:
    machine = Machine("runc", "buildah")
    recorder = InstallingRecorder(machine)
    install_packages(quiet(), recorder, machine.find)
    assert recorder.lines == [
        "apt-get update --quiet",
        "apt-get install --yes --quiet --no-install-recommends runc buildah",
    ]


def test_nothing_runs_when_nothing_is_missing() -> None:
    recorder = Recorder()
    install_packages(quiet(), recorder, Machine().find)
    assert recorder.lines == []


def test_without_apt_the_missing_packages_are_named() -> None:
    with pytest.raises(ClusterError, match=r"missing: runc conntrack .*install them and run this again"):
        install_packages(quiet(), Recorder(), Machine("runc", "conntrack", "apt-get").find)


def test_an_install_that_brings_nothing_is_not_taken_for_success() -> None:
    with pytest.raises(ClusterError, match="nothing that provides runc"):
        install_packages(quiet(), Recorder(), Machine("runc").find)


def test_a_failed_command_is_shown_without_the_settings_before_it() -> None:
    argv = (
        "nsenter",
        "--net",
        "--target",
        "7",
        "env",
        "KUBECONFIG=/k",
        "PATH=/bin",
        "kubectl",
        "get",
        "nodes",
    )
    assert str(CommandError(argv, 1, "refused\n")) == "`kubectl get nodes` ended with 1: refused"


def test_every_package_of_the_recipe_is_asked_for() -> None:
    wanted = (
        "runc iptables nftables conntrack containernetworking-plugins iproute2 openssl debootstrap buildah"
    )
    assert set(wanted.split()) <= set(PACKAGES)
