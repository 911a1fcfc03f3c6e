"""What people do to a job: cancel, suspend, resume, run it again, and let an urgent one overtake."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from backgroundjob.api.labels import CONFIG_CONFIG_MAP
from e2e_product import background_job, utc_now
from tests.cluster.protocol import wait_for
from tests.e2e.faults.fault_place import FaultPlace, ledger
from tests.e2e.faults.settings import ConfigMapEditor

LOW_ONES = 50


def test_cancelling_a_running_job_lets_its_code_clean_up(place: FaultPlace, tmp_path: Path) -> None:
    place.patient()
    (pod,) = place.namespace.kubectl("get", "pods", "--output=name").split()
    with followed_log(place, pod, tmp_path / "log") as log:
        wait_for(lambda: "waiting" in log(), "the first line of the job", timeout_seconds=10)
        begin = time.monotonic()
        place.patch("patient", cancel=True)
        status = place.namespace.wait("patient", "Cancelled")
        print(f"cancelled within {time.monotonic() - begin:.1f} s")
        place.namespace.kubectl("wait", "--for=delete", pod, "--timeout=30s")
        wait_for(lambda: "cleaned up" in log(), "the line of its finally block", timeout_seconds=10)
    assert ledger(status) == [("Cancelled", "Cancelled", False)]
    assert status["reason"] == "CancelRequested"
    assert (status.get("attemptCount", 0), status.get("disruptionCount", 0)) == (0, 0)
    place.assert_one_job_per_attempt(1)


def test_cancelling_a_waiting_job_ends_it_before_it_ran(place: FaultPlace) -> None:
    place.namespace.apply("later", "PatientJob", "run", delaySeconds=3600)
    place.namespace.wait("later", "Waiting")
    place.patch("later", cancel=True)
    status = place.namespace.wait("later", "Cancelled")
    assert (status["reason"], status.get("attempts", [])) == ("CancelRequested", [])
    place.assert_one_job_per_attempt(0)


def test_a_suspended_job_starts_nothing_new_and_goes_on_when_resumed(place: FaultPlace) -> None:
    place.namespace.apply("invoice", "InvoiceJob", "create", params={"number": 7}, retry={"delays": [2]})
    retry_time = datetime.fromisoformat(place.namespace.wait("invoice", "Retrying")["nextRetryTime"])
    place.patch("invoice", suspend=True)
    status = place.namespace.wait_until("invoice", lambda status: status.get("reason") == "Suspended", "held")
    assert status["state"] == "Waiting"
    time.sleep(max(0, (retry_time - utc_now()).total_seconds()) + 3)
    assert len(place.created()) == 1
    place.patch("invoice", suspend=False)
    status = place.namespace.wait("invoice", "Succeeded")
    assert ledger(status) == [("Failed", "AppError", True), ("Succeeded", None, True)]
    place.assert_one_job_per_attempt(2)


def test_a_job_submitted_suspended_waits_to_be_resumed(place: FaultPlace) -> None:
    place.namespace.apply("held", "PatientJob", "run", suspend=True)
    status = place.namespace.wait("held", "Waiting")
    assert (status["reason"], place.created()) == ("Suspended", [])
    place.patch("held", suspend=False)
    assert ledger(place.namespace.wait("held", "Succeeded")) == [("Succeeded", None, True)]
    place.assert_one_job_per_attempt(1)


def test_a_failed_job_runs_again_with_its_ledger_kept(place: FaultPlace) -> None:
    place.namespace.apply("invoice", "InvoiceJob", "create", params={"number": 7}, retry={"maxAttempts": 1})
    first = place.namespace.wait("invoice", "Failed")
    assert first["reason"] == "RetriesExhausted"
    place.patch("invoice", restarts=1)
    status = place.namespace.wait("invoice", "Succeeded")
    assert ledger(status) == [("Failed", "AppError", True), ("Succeeded", None, True)]
    assert status["attempts"][0] == first["attempts"][0]
    assert (status["attempts"][1]["number"], status["restartsObserved"]) == (2, 1)
    place.assert_one_job_per_attempt(2)


def test_an_urgent_job_overtakes_fifty_waiting_ones_at_concurrency_one(place: FaultPlace) -> None:
    config = ConfigMapEditor(place.product.cluster, CONFIG_CONFIG_MAP)
    with config.changed({"limits": "concurrency: 1\n"}):
        place.patient("first")
        low = [background_job(f"low-{n}", "PatientJob", "run", priority="low") for n in range(LOW_ONES)]
        submit(place, *low)
        submit(place, background_job("urgent", "PatientJob", "run", priority="high"))
        wait_for(lambda: states(place).count("Queued") == LOW_ONES + 1, "all queued", timeout_seconds=60)
        place.patch("first", cancel=True)
        begin = time.monotonic()
        place.namespace.wait("urgent", "Succeeded")
        print(f"urgent succeeded {time.monotonic() - begin:.1f} s after the slot was given back")
        place.namespace.kubectl("delete", "bgjob", "--all")
    # Names of Jobs begin with the name of their object.
    started = [event.name.partition("-")[0] for event in place.created()]
    assert started[:2] == ["first", "urgent"]
    assert set(started[2:]) <= {"low"}


def submit(place: FaultPlace, *documents: dict[str, object]) -> None:
    """Create them with one call of kubectl."""
    items = {"apiVersion": "v1", "kind": "List", "items": documents}
    place.namespace.kubectl("create", "-f", "-", stdin=json.dumps(items))


def states(place: FaultPlace) -> list[str]:
    """Of all objects of the namespace."""
    return place.namespace.kubectl("get", "bgjob", "--output=jsonpath={.items[*].status.state}").split()


@contextmanager
def followed_log(place: FaultPlace, pod: str, file: Path) -> Iterator[Callable[[], str]]:
    """The pod's log so far, whenever asked; what came before the pod was deleted stays."""
    argv = ["kubectl", "--namespace", place.namespace.name, "logs", "--follow", pod]
    with file.open("wb") as output:
        process = subprocess.Popen(place.product.cluster.command(argv), stdout=output)
    try:
        yield file.read_text
    finally:
        process.terminate()
        process.wait()
