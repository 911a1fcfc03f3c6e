"""Attempts that never start, or that a limit ends."""

import json
import time

from e2e_product import Document
from tests.e2e.faults.fault_place import FaultPlace, ledger


def test_a_limit_of_64_mib_ends_it_with_out_of_memory(place: FaultPlace) -> None:
    place.namespace.apply(
        "greedy", "HostileJob", "memory", params={"megabytes": 512}, retry={"maxAttempts": 1}
    )
    status = place.namespace.wait("greedy", "Failed")
    assert ledger(status) == [("Failed", "OutOfMemory", True)]
    assert (status["reason"], status["attempts"][0]["exitCode"]) == ("RetriesExhausted", 137)
    assert "raise the memory limit" in status["message"]
    place.assert_one_job_per_attempt(1)


def test_the_deadline_of_the_job_itself_is_a_timeout(place: FaultPlace) -> None:
    place.patient(retry={"maxAttempts": 1})
    (job,) = place.namespace.jobs("patient")
    place.namespace.kubectl(
        "patch", "job", job["metadata"]["name"], "--patch", '{"spec":{"activeDeadlineSeconds":1}}'
    )
    status = place.namespace.wait("patient", "Failed")
    assert ledger(status) == [("Failed", "Timeout", True)]
    assert status["reason"] == "RetriesExhausted"
    (job,) = place.namespace.jobs("patient")
    assert "DeadlineExceeded" in {one.get("reason") for one in job["status"]["conditions"]}
    place.assert_one_job_per_attempt(1)


def test_an_image_that_does_not_exist_is_given_up_at_the_start_deadline(place: FaultPlace) -> None:
    place.namespace.apply("ghost", "PatientJob", "unpullable", retry={"maxDisruptions": 0})
    place.namespace.wait_until("ghost", lambda status: status.get("reason") == "ImagePull", "waiting for it")
    status = place.namespace.wait("ghost", "Failed")
    assert ledger(status) == [("Disrupted", "StartFailed", False)]
    assert (status["reason"], status["disruptionCount"]) == ("DisruptionsExhausted", 1)
    assert status.get("attemptCount", 0) == 0
    assert "localhost/backgroundjob-not-there:1" in status["message"]
    assert "the image" in status["message"]
    place.assert_one_job_per_attempt(1, ran=0)


def test_a_quota_holds_the_attempt_back_until_it_is_raised(place: FaultPlace) -> None:
    place.namespace.kubectl("create", "quota", "few", "--hard=pods=0")
    wait_until_enforced(place)
    place.namespace.apply("modest", "PatientJob", "run")
    status = place.namespace.wait_until(
        "modest", lambda status: status.get("reason") == "QuotaExceeded", "held back"
    )
    assert status["state"] == "Running"
    place.namespace.kubectl("patch", "quota", "few", "--type=merge", "-p", '{"spec":{"hard":{"pods":"5"}}}')
    raised = time.monotonic()
    status = place.namespace.wait("modest", "Succeeded")
    print(f"succeeded {time.monotonic() - raised:.1f} s after the quota was raised")
    assert ledger(status) == [("Succeeded", None, True)]
    assert status.get("disruptionCount", 0) == 0
    place.assert_one_job_per_attempt(1)


def wait_until_enforced(place: FaultPlace) -> None:
    """Until the quota controller has counted, the API server lets no pod in, but for another reason."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        quota: Document = json.loads(place.namespace.kubectl("get", "quota", "few", "--output=json"))
        if quota.get("status", {}).get("hard"):
            return
        time.sleep(0.1)
    raise AssertionError("the quota is not enforced after 30 s")
