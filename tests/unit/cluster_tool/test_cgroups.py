"""Cgroups are made for the cluster and removed with it, on v1 and v2."""

from pathlib import Path

import pytest

from tests.cluster import cgroups


@pytest.fixture
def v1(tmp_path: Path) -> Path:
    for controller in ("cpuset", "memory"):
        (tmp_path / controller).mkdir()
    (tmp_path / "cpuset" / "cpuset.cpus").write_text("0-1\n")
    return tmp_path


def test_a_path_is_made_in_every_hierarchy(v1: Path) -> None:
    cgroups.create("ours/node1", v1)
    assert (v1 / "cpuset/ours/node1").is_dir()
    assert (v1 / "memory/ours/node1").is_dir()


def test_an_empty_cpuset_gets_what_its_parent_has(v1: Path) -> None:
    child = v1 / "cpuset" / "ours"
    child.mkdir()
    (child / "cpuset.cpus").write_text("\n")
    cgroups.create("ours", v1)
    assert (child / "cpuset.cpus").read_text() == "0-1\n"


def test_v2_hands_the_controllers_down(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    cgroups.create("ours/node1", tmp_path)
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu +cpuset +io +memory +pids"


def test_removal_takes_everything_below_and_nothing_beside(v1: Path) -> None:
    (v1 / "memory/ours/node1/pods/one").mkdir(parents=True)
    (v1 / "memory/theirs").mkdir()
    cgroups.remove("ours", v1)
    assert [entry.name for entry in (v1 / "memory").iterdir()] == ["theirs"]


def test_removing_what_is_not_there_is_harmless(v1: Path) -> None:
    cgroups.remove("ours", v1)
