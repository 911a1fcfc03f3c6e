"""bgjob against a real cluster, as a developer uses it."""

import json
import subprocess
import sys
from pathlib import Path

from e2e_product import Namespace

BGJOB = str(Path(sys.executable).with_name("bgjob"))


def bgjob(namespace: Namespace, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run bgjob as cluster admin; never raises."""
    cluster = namespace.product.cluster
    command = cluster.command([BGJOB, *arguments, "--namespace", namespace.name, "--backend", "cluster"])
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_run_waits_for_the_result_and_exits_with_0(namespace: Namespace) -> None:
    ended = bgjob(namespace, "run", "EmailJob.send", "to=a@example.org", "--name", "mail", "--wait")
    assert ended.returncode == 0, ended.stderr
    assert '"to": "a@example.org"' in ended.stdout


def test_a_failure_exits_with_1_and_names_the_exception(namespace: Namespace) -> None:
    ended = bgjob(namespace, "run", "FailingJob.run", "--retries", "0", "--wait")
    assert ended.returncode == 1
    assert "BrokenOrderError" in ended.stdout + ended.stderr


def test_a_disallowed_method_exits_with_4_and_names_the_allowed_one(namespace: Namespace) -> None:
    ended = bgjob(namespace, "run", "EmailJob.sned", "to=a@example.org")
    assert ended.returncode == 4
    assert "EmailJob.send" in ended.stderr


def test_list_get_and_logs_show_what_happened(namespace: Namespace) -> None:
    bgjob(namespace, "run", "EmailJob.send", "to=a@example.org", "--name", "mail", "--wait")
    [listed] = json.loads(bgjob(namespace, "list", "-o", "json").stdout)["items"]
    assert listed["status"]["state"] == "Succeeded"
    assert "Succeeded" in bgjob(namespace, "get", "mail").stdout
    assert "ATTEMPT 1 of 3 EmailJob.send" in bgjob(namespace, "logs", "mail").stdout


def test_logs_follow_a_running_job_to_its_end(namespace: Namespace) -> None:
    bgjob(namespace, "run", "HostileJob.sleep", "seconds:=5", "--name", "sleeper")
    namespace.wait("sleeper", "Running")
    followed = bgjob(namespace, "logs", "sleeper", "--follow")
    assert followed.returncode == 0, followed.stderr
    assert "SUCCEEDED" in followed.stdout
