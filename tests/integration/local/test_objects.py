"""The rules of the API server that the engine builds on, in SQLite."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backgroundjob_operator.cluster.port import AlreadyExists, Conflict, NotFound
from backgroundjob_operator.local.merge_patch import merged
from backgroundjob_operator.local.objects import Objects
from backgroundjob_operator.local.state import StateDirectory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[Objects]:
    opened = Objects(tmp_path / "objects.db", lambda: NOON)
    yield opened
    opened.close()


def document(kind: str, name: str, owner: str | None = None, **fields: Any) -> dict[str, Any]:
    references = [{"kind": "x", "name": "x", "uid": owner, "controller": True}] if owner else []
    metadata = {"namespace": "shop", "name": name, "ownerReferences": references}
    return {"kind": kind, "metadata": metadata, **fields}


def pod(name: str, owner: str, phase: str) -> dict[str, Any]:
    spec = {"terminationGracePeriodSeconds": 30}
    return document("Pod", name, owner, spec=spec, status={"phase": phase})


def test_a_created_object_has_uid_version_generation_and_time(objects: Objects) -> None:
    metadata = objects.create(document("Job", "a"))["metadata"]
    assert len(metadata["uid"]) == 36
    assert (metadata["generation"], metadata["creationTimestamp"]) == (1, "2026-03-01T12:00:00Z")
    later = objects.create(document("Job", "b"))["metadata"]
    assert int(later["resourceVersion"]) > int(metadata["resourceVersion"])


def test_a_taken_name_is_refused_and_leaves_no_child(objects: Objects) -> None:
    objects.create(document("Job", "a"))
    with pytest.raises(AlreadyExists, match="Job shop/a exists"):
        objects.create(document("Job", "a"), child=lambda job: pod("p", job["metadata"]["uid"], "Pending"))
    assert objects.list("Pod") == ()


def test_a_patch_from_an_old_version_is_a_conflict(objects: Objects) -> None:
    version = objects.create(document("Job", "a"))["metadata"]["resourceVersion"]
    objects.patch("Job", "shop", "a", {"status": {"active": 1}}, version)
    with pytest.raises(Conflict, match="written since"):
        objects.patch("Job", "shop", "a", {"status": {"active": 2}}, version)
    assert objects.get("Job", "shop", "a")["status"] == {"active": 1}


def test_only_a_changed_spec_is_a_new_generation(objects: Objects) -> None:
    objects.create(document("BackgroundJob", "a", spec={"cancel": False}))
    assert objects.patch("BackgroundJob", "shop", "a", {"status": {"x": 1}})["metadata"]["generation"] == 1
    changed = objects.patch("BackgroundJob", "shop", "a", {"spec": {"cancel": True}})
    assert changed["metadata"]["generation"] == 2


def test_a_deletion_with_another_uid_deletes_nothing(objects: Objects) -> None:
    objects.create(document("Job", "a"))
    with pytest.raises(Conflict):
        objects.delete("Job", "shop", "a", "another")
    with pytest.raises(NotFound):
        objects.delete("Job", "shop", "b")
    assert len(objects.list("Job")) == 1


def test_a_deletion_takes_what_is_owned_and_marks_pods_that_run(objects: Objects) -> None:
    owner = objects.create(document("BackgroundJob", "a"))["metadata"]["uid"]
    job = objects.create(document("Job", "a-1", owner))["metadata"]["uid"]
    objects.create(pod("ended", job, "Failed"))
    objects.create(pod("runs", job, "Running"))
    objects.delete("BackgroundJob", "shop", "a")
    assert objects.list("BackgroundJob") == objects.list("Job") == ()
    [left] = objects.list("Pod")
    assert left["metadata"]["name"] == "runs"
    assert left["metadata"]["deletionTimestamp"] == "2026-03-01T12:00:30Z"


def test_changes_tell_the_last_version_of_each_object_in_order(objects: Objects) -> None:
    objects.create(document("Job", "a"))
    objects.create(document("Job", "b"))
    _, seen = objects.changes(0)
    objects.patch("Job", "shop", "b", {"status": {"active": 1}})
    objects.patch("Job", "shop", "b", {"status": {"active": 2}})
    objects.delete("Job", "shop", "a")
    told, version = objects.changes(seen)
    assert [(one.type, one.document["metadata"]["name"]) for one in told] == [
        ("MODIFIED", "b"),
        ("DELETED", "a"),
    ]
    assert told[0].document["status"] == {"active": 2}
    assert objects.changes(version) == ((), version)


def test_writes_of_another_connection_are_noticed(objects: Objects, tmp_path: Path) -> None:
    before = objects.foreign_writes()
    objects.create(document("Job", "own"))
    assert objects.foreign_writes() == before
    other = Objects(tmp_path / "objects.db", lambda: NOON)
    other.create(document("Job", "foreign"))
    other.close()
    assert objects.foreign_writes() != before
    assert len(objects.list("Job", "shop")) == 2


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        pytest.param({"a": 1}, {"a": None}, {}, id="null removes"),
        pytest.param({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}, id="mappings merge"),
        pytest.param({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, id="lists replace"),
        pytest.param({"a": "x"}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}, id="a mapping for a text"),
    ],
)
def test_merge_patch_follows_rfc_7386(target: Any, patch: Any, expected: Any) -> None:
    assert merged(target, patch) == expected


def test_many_may_open_a_new_directory_at_the_same_moment(tmp_path: Path) -> None:
    def open_at_once(number: int, barrier: threading.Barrier) -> None:
        state = StateDirectory(tmp_path / str(number))
        state.create()
        barrier.wait()
        state.open_objects(lambda: NOON).close()

    for number in range(20):
        barrier = threading.Barrier(6)
        with ThreadPoolExecutor(6) as pool:
            for opened in [pool.submit(open_at_once, number, barrier) for _ in range(6)]:
                opened.result()
