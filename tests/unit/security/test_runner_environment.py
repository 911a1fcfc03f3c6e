"""SEC-06: variables of the container change nothing of who the job is and where it reports."""

import subprocess
import sys
from pathlib import Path

from backgroundjob_runner.contract import Receipt
from runner_process import SOURCES, RunnerProcess, invocation

START = """
import sys
from backgroundjob_runner import contract
contract.INVOCATION_PATH, contract.RECEIPT_PATH, contract.SECRET_PARAMS_PATH = sys.argv[1:]
from backgroundjob_runner.runner import main
main()
"""
JOB = "class Job:\n def run(self, token): return ['true', token]\n def forged(self, token): return 'forged'"


def test_sec_06_in_a_pod_no_variable_moves_invocation_secrets_or_receipt(tmp_path: Path) -> None:
    mounted, forged = tmp_path / "mounted", tmp_path / "forged"
    for folder, target in ((mounted, "job:Job.run"), (forged, "job:Job.forged")):
        (folder / "params").mkdir(parents=True)
        (folder / "params/token").write_text(folder.name)
        given = invocation(target=target, uid=folder.name, secret_params=("token",))
        (folder / "invocation.json").write_text(given.to_json())
    (tmp_path / "job.py").write_text(JOB)
    places = ("invocation.json", "receipt", "params")
    spoofed = ("BACKGROUNDJOB_INVOCATION", "BACKGROUNDJOB_RECEIPT", "BACKGROUNDJOB_SECRET_PARAMS")
    identity = {"BACKGROUNDJOB_UID": "forged", "BACKGROUNDJOB_CLASS": "os", "BACKGROUNDJOB_METHOD": "system"}
    environment = {
        "PYTHONPATH": ":".join(map(str, [tmp_path, *SOURCES])),
        **identity,
        **{name: str(forged / place) for name, place in zip(spoofed, places, strict=True)},
    }
    command = [sys.executable, "-S", "-c", START, *(str(mounted / place) for place in places)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)

    assert ended.returncode == 0, ended.stderr
    receipt = Receipt.from_json((mounted / "receipt").read_bytes())
    assert (receipt.uid, receipt.result) == ("mounted", ["true", "[redacted]"])
    assert not (forged / "receipt").exists()


def test_sec_06_where_nothing_is_mounted_the_variables_say_where(runner: RunnerProcess) -> None:
    runner.job(JOB)
    runner.secret("token", b"a-secret-token")
    assert runner.run(secret_params=("token",)).receipt.result == ["true", "[redacted]"]
