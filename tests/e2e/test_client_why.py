"""bgjob why and plan, and the verbs, as users with and without the reader Role see them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from e2e_product import NAMESPACE, Namespace, Product

BGJOB = str(Path(sys.executable).with_name("bgjob"))
WITHOUT_JITTER = {"maxAttempts": 3, "delaySeconds": 3, "backoff": "Fixed"}


def bgjob(namespace: Namespace, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run bgjob as cluster admin; never raises."""
    command = [BGJOB, *arguments, "--namespace", namespace.name, "--backend", "cluster"]
    return subprocess.run(
        namespace.product.cluster.command(command), input=stdin, capture_output=True, text=True, check=False
    )


def kubeconfig_of(namespace: Namespace, account: str, path: Path) -> Path:
    """A kubeconfig with the token of a ServiceAccount of the namespace that may read its jobs."""
    namespace.kubectl("create", "serviceaccount", account)
    namespace.kubectl(
        *("create", "rolebinding", account, "--clusterrole=backgroundjob-view"),
        f"--serviceaccount={namespace.name}:{account}",
    )
    token = namespace.kubectl("create", "token", account).strip()
    config = json.loads(namespace.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
    config["users"] = [{"name": account, "user": {"token": token}}]
    config["contexts"][0]["context"]["user"] = account
    path.write_text(json.dumps(config))
    return path


def bgjob_as(kubeconfig: Path, namespace: Namespace, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run bgjob with that kubeconfig."""
    command = ["env", f"KUBECONFIG={kubeconfig}", BGJOB, *arguments, "--namespace", namespace.name]
    return subprocess.run(
        namespace.product.cluster.command(command), capture_output=True, text=True, check=False
    )


@pytest.fixture
def one_at_a_time(product: Product) -> Iterator[str]:
    """A queue that runs one job at a time."""
    name = "one-at-a-time"

    def queues(text: str) -> None:
        patch = json.dumps({"data": {"queues": text}})
        product.cluster.kubectl("-n", NAMESPACE, "patch", "cm", "backgroundjob-config", "-p", patch)

    before = product.cluster.kubectl(
        "-n", NAMESPACE, "get", "cm", "backgroundjob-config", "-o", "jsonpath={.data.queues}"
    )
    queues(json.dumps({name: {"concurrency": 1}}))
    yield name
    queues(before or "{}")


@pytest.fixture
def waiting(namespace: Namespace, one_at_a_time: str) -> Namespace:
    """A namespace with one job that runs, and two that wait for it."""
    # The operator hears of the new queue before the second job is due, or nothing would hold it back.
    namespace.apply("first", "HostileJob", "sleep", params={"seconds": 120}, queue=one_at_a_time)
    namespace.wait("first", "Running")
    for name, priority in (("second", 100), ("third", 0)):
        namespace.apply(
            name, "HostileJob", "sleep", params={"seconds": 1}, queue=one_at_a_time, priority=priority
        )
    namespace.wait("second", "Queued")
    namespace.wait("third", "Queued")
    return namespace


def test_why_tells_position_and_limit_by_the_operator(waiting: Namespace) -> None:
    answer = bgjob(waiting, "why", "third")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("third waits: 1 ahead in queue one-at-a-time, limit 1")
    found = json.loads(bgjob(waiting, "why", "third", "-o", "json").stdout)
    assert (found["state"], found["reason"], found["ahead"]) == ("Queued", "QueueLimit", 1)
    assert (found["limit"], found["missing"]) == (1, "")


def test_the_reader_role_is_what_why_and_plan_need(waiting: Namespace, tmp_path: Path) -> None:
    kubectl = waiting.product.cluster.kubectl
    kubeconfig = kubeconfig_of(waiting, "developer", tmp_path / "kubeconfig")

    stored = bgjob_as(kubeconfig, waiting, "why", "third")
    assert stored.returncode == 0
    assert stored.stdout.startswith("third is Queued (QueueLimit): ")
    assert stored.stderr.strip() == (
        "position and estimate need get on services/proxy backgroundjob-operator:http in "
        "backgroundjob-system (403)"
    )
    planned = bgjob_as(kubeconfig, waiting, "plan", "third")
    assert planned.returncode == 0, planned.stderr
    assert planned.stderr.count("ask for the Role backgroundjob-allow-list-reader") == 2

    binding = f"readers-{waiting.name}"
    kubectl(
        *("-n", NAMESPACE, "create", "rolebinding", binding, "--role=backgroundjob-allow-list-reader"),
        f"--serviceaccount={waiting.name}:developer",
    )
    try:
        told = bgjob_as(kubeconfig, waiting, "why", "third")
        assert (told.returncode, told.stderr) == (0, "")
        assert told.stdout.startswith("third waits: 1 ahead in queue one-at-a-time")
        planned = bgjob_as(kubeconfig, waiting, "plan", "HostileJob.sleep")
        assert (planned.returncode, planned.stderr) == (0, "")
        assert "allow-list entry" in planned.stdout or "default" in planned.stdout
        refused = bgjob_as(kubeconfig, waiting, "cancel", "third")
        assert refused.returncode == 5
        assert "ClusterRole backgroundjob-edit" in refused.stderr
    finally:
        kubectl("-n", NAMESPACE, "delete", "rolebinding", binding)


def test_a_wrong_uid_gets_no_answer(waiting: Namespace) -> None:
    path = (
        f"/api/v1/namespaces/{NAMESPACE}/services/backgroundjob-operator:http/proxy/why/{waiting.name}/third"
    )
    command = waiting.product.cluster.command(["kubectl", "get", "--raw", f"{path}?uid=guess"])
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode != 0
    assert "limit" not in answer.stdout + answer.stderr


def test_each_retry_starts_when_the_plan_said(namespace: Namespace) -> None:
    namespace.apply("bad", "FailingJob", "run", retry=WITHOUT_JITTER, suspend=True)
    namespace.wait("bad", "Waiting")
    planned = json.loads(bgjob(namespace, "plan", "bad", "-o", "json").stdout)["attempts"]
    delays = [attempt["delaySeconds"] for attempt in planned[1:]]
    assert all(delay["earliest"] == delay["latest"] for delay in delays)  # the uid is known

    assert bgjob(namespace, "resume", "bad").stdout == "bad resumed\n"
    attempts = namespace.wait("bad", "Failed")["attempts"]
    assert len(attempts) == len(planned) == 3
    for delay, before, after in zip(delays, attempts, attempts[1:], strict=False):
        ended, started = (datetime.fromisoformat(time) for time in (before["finishTime"], after["startTime"]))
        late = (started - ended).total_seconds() - delay["earliest"]
        assert 0 <= late < 3, f"planned {delay}, waited {started - ended}"

    again = bgjob(namespace, "retry", "bad")
    assert again.stdout == "bad runs again (restart 1)\n"
    # With fresh budgets: three more in the ledger.
    namespace.wait_until("bad", lambda status: len(status.get("attempts", ())) == 6, "tried 6 times")


def test_a_waiting_job_is_cancelled_and_a_finished_one_is_not(waiting: Namespace) -> None:
    answer = bgjob(waiting, "cancel", "--state", "Queued", "--queue", "one-at-a-time", stdin="y\n")
    assert answer.returncode == 0, answer.stderr
    assert "Cancel 2 jobs in namespace" in answer.stderr
    waiting.wait("second", "Cancelled")
    waiting.wait("third", "Cancelled")
    refused = bgjob(waiting, "cancel", "third")
    assert refused.returncode == 4
    assert "is Cancelled: there is nothing to cancel" in refused.stderr


def test_describe_shows_ledger_traceback_and_events(namespace: Namespace) -> None:
    namespace.apply("bad", "FailingJob", "run", retry={"maxAttempts": 1})
    namespace.wait("bad", "Failed")
    page = bgjob(namespace, "describe", "bad").stdout
    assert "State:        Failed (RetriesExhausted)" in page
    assert "Traceback of attempt 1:" in page
    assert "BrokenOrderError" in page
    events = page.partition("\nEvents:\n")[2]
    assert "RetriesExhausted" in events
