"""docs/quotas.md: object-count quotas bound what a namespace may hold, and say so."""

import json
import re

import pytest

from e2e_product import NAMESPACE, ROOT, Namespace, background_job
from tests.cluster.protocol import wait_for
from tests.e2e.security.people import bound

MAIL = {"to": "a@example.org"}
OBJECTS = "count/backgroundjobs.backgroundjob.dev"
JOBS = "count/jobs.batch"
COUNTED_SECONDS = 90
"""The quota controller looks for new kinds of objects every 30 s."""


def quota(namespace: Namespace, hard: dict[str, str]) -> None:
    document = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few"},
        "spec": {"hard": hard},
    }
    namespace.kubectl("apply", "-f", "-", stdin=json.dumps(document))
    wait_for(
        lambda: used(namespace).keys() == hard.keys(), "a counted quota", timeout_seconds=COUNTED_SECONDS
    )


def used(namespace: Namespace) -> dict[str, str]:
    found = json.loads(namespace.kubectl("get", "quota", "few", "-o", "json"))
    counted: dict[str, str] = found.get("status", {}).get("used", {})
    return counted


def test_the_page_names_the_quotas_that_work() -> None:
    page = (ROOT / "docs/quotas.md").read_text()
    assert set(re.findall(r"count/[a-z.]+", page)) == {OBJECTS, JOBS}


def test_a_count_of_objects_refuses_the_next_one(namespace: Namespace) -> None:
    user = bound(namespace, "ed", "edit")
    quota(namespace, {OBJECTS: "2"})
    for name in ("one", "two"):
        assert user.creating(background_job(name, "EmailJob", "send", params=MAIL, suspend=True)) == ""
    refused = user.creating(background_job("three", "EmailJob", "send", params=MAIL))
    assert f"exceeded quota: few, requested: {OBJECTS}=1, used: {OBJECTS}=2, limited: {OBJECTS}=2" in refused
    user.kubectl("delete", "bgjob", "one")
    wait_for(
        lambda: user.creating(background_job("three", "EmailJob", "send", params=MAIL)) == "",
        "room for another",
        timeout_seconds=COUNTED_SECONDS,
    )
    assert namespace.wait("three", "Succeeded")["reason"] == "Completed"


def test_a_count_of_jobs_holds_the_attempt_back_until_there_is_room(namespace: Namespace) -> None:
    quota(namespace, {JOBS: "0"})
    namespace.apply("mail", "EmailJob", "send", params=MAIL)
    log = ("-n", NAMESPACE, "logs", "deployment/backgroundjob-operator", "--tail=500")
    wait_for(
        lambda: f"exceeded quota: few, requested: {JOBS}=1" in namespace.product.cluster.kubectl(*log),
        "the refusal of the Job",
        timeout_seconds=30,
    )
    assert namespace.status("mail").get("state") not in ("Running", "Failed")
    quota(namespace, {JOBS: "5"})
    status = namespace.wait("mail", "Succeeded", timeout_seconds=120)
    assert (status["attemptCount"], status.get("disruptionCount", 0)) == (1, 0)


@pytest.mark.parametrize("part", ["status", "spec"])
def test_a_user_cannot_raise_the_quota(namespace: Namespace, part: str) -> None:
    user = bound(namespace, "ed", "edit")
    quota(namespace, {OBJECTS: "2"})
    patch = json.dumps({part: {"hard": {OBJECTS: "100"}}})
    assert "Forbidden" in user.refusal("patch", "quota", "few", "--type=merge", "-p", patch)
