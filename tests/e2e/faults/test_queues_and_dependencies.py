"""Who waits for whom: chains of jobs, and a queue that an administrator pauses."""

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import pytest

from backgroundjob.api.labels import CONFIG_CONFIG_MAP
from e2e_product import Document
from tests.e2e.faults.fault_place import FaultPlace, ledger
from tests.e2e.faults.settings import ConfigMapEditor

PAUSED, RESUMED = "mail: {paused: true}\n", "mail: {concurrency: 1}\n"


def test_a_chain_of_three_runs_in_order_whatever_was_submitted_first(place: FaultPlace) -> None:
    follow(place, "third", "second")
    follow(place, "second", "first")
    status = waits_for_others(place, "second")
    assert "first does not exist (yet)" in status["message"]
    assert "second" in waits_for_others(place, "third")["message"]
    assert place.created() == []
    place.namespace.apply("first", "PatientJob", "run", params={"seconds": 2})
    last = place.namespace.wait("third", "Succeeded")
    statuses = [place.namespace.status("first"), place.namespace.status("second"), last]
    assert [ledger(status) for status in statuses] == [[("Succeeded", None, True)]] * 3
    assert [event.name.partition("-")[0] for event in place.created()] == ["first", "second", "third"]
    for one, next_one in pairwise(statuses):
        assert datetime.fromisoformat(one["completionTime"]) <= datetime.fromisoformat(next_one["startTime"])
    place.assert_one_job_per_attempt(3)


def test_what_depends_on_a_failed_job_fails_without_a_job(place: FaultPlace) -> None:
    follow(place, "third", "second")
    follow(place, "second", "first")
    follow(place, "cleanup", "first", condition="Finished")
    place.namespace.apply("first", "FailingJob", "run", retry={"maxAttempts": 1})
    for name in ("second", "third"):
        status = place.namespace.wait(name, "Failed")
        assert (status["reason"], status.get("attempts", [])) == ("DependencyFailed", [])
    place.namespace.wait("cleanup", "Succeeded")
    assert [event.name.partition("-")[0] for event in place.created()] == ["first", "cleanup"]


def test_a_circle_of_dependencies_is_named_and_ends(place: FaultPlace) -> None:
    for name, other in (("one", "two"), ("two", "three"), ("three", "one")):
        follow(place, name, other)
    states = {name: place.namespace.wait(name, "Failed") for name in ("one", "two", "three")}
    reasons = [status["reason"] for status in states.values()]
    assert "DependencyCycle" in reasons
    assert set(reasons) <= {"DependencyCycle", "DependencyFailed"}
    assert place.created() == []


def test_a_paused_queue_starts_nothing_and_finishes_what_runs(
    place: FaultPlace, queue: ConfigMapEditor
) -> None:
    place.patient("running", queue="mail")
    queue.write({"queues": PAUSED})
    place.namespace.apply("held", "PatientJob", "run", queue="mail")
    place.namespace.apply("elsewhere", "PatientJob", "run")
    place.namespace.wait("elsewhere", "Succeeded")
    status = place.namespace.wait("held", "Queued")
    assert (status["reason"], status["message"].partition(";")[0]) == (
        "QueuePaused",
        "queue mail is paused by the administrator",
    )
    assert place.namespace.status("running")["state"] == "Running"
    queue.write({"queues": RESUMED})
    place.namespace.wait_until(
        "held", lambda status: status.get("reason") == "QueueLimit", "held by the limit"
    )
    place.patch("running", cancel=True)
    begin = time.monotonic()
    assert ledger(place.namespace.wait("held", "Succeeded")) == [("Succeeded", None, True)]
    print(f"held succeeded {time.monotonic() - begin:.1f} s after its queue had a slot")
    place.assert_one_job_per_attempt(3)


@pytest.fixture
def queue(place: FaultPlace) -> Iterator[ConfigMapEditor]:
    """The queue `mail` with room for one; gone after the test."""
    config = ConfigMapEditor(place.product.cluster, CONFIG_CONFIG_MAP)
    with config.changed({"queues": RESUMED}):
        yield config


def follow(place: FaultPlace, name: str, other: str, condition: str = "Succeeded") -> None:
    """Create one that depends on another."""
    depends_on = [{"name": other, "condition": condition}]
    place.namespace.apply(name, "PatientJob", "run", dependsOn=depends_on)


def waits_for_others(place: FaultPlace, name: str) -> Document:
    """Its status once it says that it waits for its dependencies."""
    return place.namespace.wait_until(
        name, lambda status: status.get("reason") == "WaitingForDependencies", "waiting for others"
    )
