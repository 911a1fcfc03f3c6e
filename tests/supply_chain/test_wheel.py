"""The wheel as users install it, in an environment of its own: alone, for submitting, for one machine."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from runner_process import invocation
from tests.cluster.commands import run
from tests.cluster.paths import ROOT
from tests.tools.dist import build_wheel

JOBS = """
from backgroundjob import JobClass, Secret, Schema, current_job, job

class EmailJob(JobClass):
    @job(retries=4)
    def send(self, to: str, subject: str = "Hello") -> dict[str, object]:
        return {"to": to, "attempt": current_job().attempt}
"""
# Without aiohttp, which the official Kubernetes client requires; we import it in the operator alone.
NOT_FOR_SUBMITTING = {"kopf", "starlette", "flask", "django", "fastapi", "uvicorn"}


class Installed:
    """A virtual environment, and a folder with a module of jobs."""

    def __init__(self, folder: Path, requirement: str, *options: str) -> None:
        self.folder = folder
        self.programs = folder / "venv/bin"
        run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])
        self.pip("install", "--quiet", "--no-compile", requirement, *options)
        (folder / "mail_jobs.py").write_text(JOBS)

    def pip(self, *arguments: str) -> str:
        """Output of this pip for that environment."""
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        return run([*pip, f"--python={self.programs / 'python'}", *arguments])

    def packages(self) -> set[str]:
        """Names of what is installed."""
        return {one["name"].lower() for one in json.loads(self.pip("list", "--format=json"))}

    def tried(self, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A program of the environment, in its folder and with nothing of ours in its surroundings."""
        return subprocess.run(
            [str(self.programs / argv[0]), *argv[1:]],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def output(self, *argv: str, **environment: str) -> str:
        """What it prints; it must succeed."""
        ended = self.tried(*argv, **environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"), "1700000000")


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """Options of pip: no other versions than the lock file's, whose hashes would ask for the wheel's own."""
    pins = re.findall(r"^[^#\s].*==[^\\\n]*", (ROOT / "requirements/dev.txt").read_text(), re.MULTILINE)
    constraints = tmp_path_factory.mktemp("locked") / "constraints.txt"
    constraints.write_text("\n".join(pins))
    return ["--only-binary=:all:", f"--constraint={constraints}"]


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("alone"), str(wheel), "--no-deps")


@pytest.fixture(scope="module")
def client(wheel: Path, locked: Sequence[str], tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("client"), f"{wheel}[client]", *locked)


@pytest.fixture(scope="module")
def local(wheel: Path, locked: Sequence[str], tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("local"), f"{wheel}[local]", *locked)


def test_alone_it_brings_nothing_and_defines_jobs_that_run_where_they_are_called(alone: Installed) -> None:
    assert alone.packages() == {"backgroundjob"}
    called = "import mail_jobs; print(mail_jobs.EmailJob.send, mail_jobs.EmailJob.__name__)"
    assert alone.output("python", "-c", called) == "<job mail_jobs.EmailJob.send> EmailJob\n"


def test_alone_it_runs_a_typed_job_as_in_the_runner_image(alone: Installed) -> None:
    (alone.folder / "invocation.json").write_text(
        invocation(
            target="mail_jobs:EmailJob.send", class_name="EmailJob", method="send", params={"to": "ada"}
        ).to_json()
    )
    alone.output(
        *("python", "-m", "backgroundjob_runner"),
        PYTHONPATH=str(alone.folder),
        BACKGROUNDJOB_INVOCATION="invocation.json",
        BACKGROUNDJOB_RECEIPT="receipt",
    )
    receipt = json.loads((alone.folder / "receipt").read_text())
    assert (receipt["outcome"], receipt["result"]) == ("Succeeded", {"to": "ada", "attempt": 1})


def test_alone_the_command_line_says_what_to_install(alone: Installed) -> None:
    ended = alone.tried("bgjob", "list")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "pip install 'backgroundjob[client]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_alone_submitting_says_what_to_install(alone: Installed) -> None:
    submit = "import mail_jobs; mail_jobs.EmailJob.send.later('ada')"
    told = alone.tried("python", "-c", submit).stderr
    assert "NotInstalled: the check of type hints is not installed: pydantic cannot be found" in told
    assert "pip install 'backgroundjob[client]'" in told
    assert "During handling" not in told


def test_the_client_brings_no_operator_and_no_web_framework(client: Installed) -> None:
    assert client.packages() & NOT_FOR_SUBMITTING == set()
    assert {"kubernetes", "pydantic", "typer"} <= client.packages()


def test_neither_the_command_line_nor_the_cluster_backend_loads_aiohttp(client: Installed) -> None:
    imports = "import backgroundjob.backends.cluster, backgroundjob.cli.commands, sys"
    assert client.output("python", "-c", f"{imports}; print('aiohttp' in sys.modules)") == "False\n"


def test_the_client_submits_and_has_the_command_line(client: Installed) -> None:
    assert "Usage: bgjob" in client.output("bgjob", "--help", NO_COLOR="1")
    submit = (
        "from backgroundjob.testing import InMemoryBackend, use_backend\n"
        "import mail_jobs\n"
        "with use_backend(InMemoryBackend()) as jobs:\n"
        "    mail_jobs.EmailJob.send.later('ada')\n"
        "    print(jobs.calls())"
    )
    assert client.output("python", "-c", submit) == "[('EmailJob.send', {'to': 'ada'})]\n"


def test_on_one_machine_a_job_runs_by_the_same_engine(local: Installed) -> None:
    (local.folder / "backgroundjob.yaml").write_text("modules: [mail_jobs]\n")
    ended = local.tried("bgjob", "run", "--local", "--wait", "EmailJob.send", "to=ada", "--name", "mail-ada")
    assert (ended.returncode, json.loads(ended.stdout)) == (0, {"to": "ada", "attempt": 1}), ended.stderr
    assert "Succeeded default/mail-ada, attempts 1/5" in ended.stderr
    assert local.packages() & NOT_FOR_SUBMITTING == set()
