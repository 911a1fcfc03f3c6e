"""`bgjob doctor` and kubectl's completion against a real cluster."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from e2e_product import Namespace

BIN = Path(sys.executable).parent


def run(namespace: Namespace, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a program where the API server can be reached, our scripts on its PATH; never raises."""
    command = namespace.product.cluster.command(["sh", "-c", f'PATH="{BIN}:$PATH"; exec "$@"', "sh", *argv])
    return subprocess.run(command, capture_output=True, text=True, check=False)


def doctor(namespace: Namespace, *options: str) -> dict[str, Any]:
    answer = run(namespace, "bgjob", "doctor", "-o", "json", "--namespace", namespace.name, *options)
    assert "Traceback" not in answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    assert answer.returncode == (0 if found["ok"] else 1)
    return found


def test_a_sound_installation_has_one_problem_which_is_the_entry_that_the_tests_malform(
    namespace: Namespace,
) -> None:
    checks = doctor(namespace)["checks"]
    problems = [one for one in checks if one["verdict"] == "problem"]
    assert ["MalformedJob.run" in one["text"] for one in problems] == [True], checks
    fine = {one["name"] for one in checks if one["verdict"] == "ok"}
    assert {"API server", "CRD", "allow-list", "configuration", "admission", "operator"} <= fine, checks


def test_a_job_that_waits_for_an_unschedulable_pod_is_named(namespace: Namespace) -> None:
    namespace.kubectl(
        *("create", "quota", "none", "--hard=pods=0"),
    )
    namespace.apply("stuck", "EmailJob", "send", params={"to": "a@example.org"})
    namespace.wait_until("stuck", lambda status: status.get("reason") == "QuotaExceeded", "over the quota")
    [job] = [one for one in doctor(namespace)["checks"] if "stuck" in one["text"]]
    assert (job["verdict"], job["nextStep"]) == ("warning", f"bgjob why stuck --namespace {namespace.name}")


def test_kubectl_completes_our_commands_and_names(namespace: Namespace) -> None:
    namespace.apply("invoice-42", "InvoiceJob", "create", params={"number": 42}, suspend=True)
    commands = run(namespace, "kubectl", "__complete", "bgjob", "desc")
    assert "describe" in commands.stdout
    names = run(namespace, "kubectl", "__complete", "bgjob", "get", "--namespace", namespace.name, "inv")
    assert "invoice-42" in names.stdout, names.stderr
