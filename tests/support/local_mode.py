"""Local mode for tests: a state directory, sample jobs to import, an allow-list, and a way to wait."""

import asyncio
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from backgroundjob.api.labels import API_VERSION, KIND
from backgroundjob.finish import is_finished
from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.local.backend import LocalBackend
from backgroundjob_operator.local.engine import LocalEngine
from backgroundjob_operator.local.objects import Objects
from backgroundjob_operator.local.state import SETTINGS_VARIABLE, STATE_VARIABLE, LocalOptions

SAMPLE_JOBS = Path(__file__).resolve().parents[2] / "examples" / "jobs"
WAIT_SECONDS = 20.0

PROBE = '''
import os, pathlib, time

class Probe:
    """Tells the test that it ran."""

    def mark(self, path, seconds=0.0):
        with open(path, "a") as file:
            print("start", os.getpid(), file=file, flush=True)
            try:
                time.sleep(seconds)
            except BaseException:
                print("stopped", file=file)
                raise
            print("end", file=file)

    def overlap(self, folder, seconds):
        mine = pathlib.Path(folder, str(os.getpid()))
        mine.touch()
        time.sleep(seconds)
        count = len(os.listdir(folder))
        mine.unlink()
        return count
'''

ANY_PARAMS = {"type": "object", "additionalProperties": True}
ALLOWED = {
    "EmailJob.send": "jobs.email:EmailJob.send",
    "InvoiceJob.create": "jobs.invoice:InvoiceJob.create",
    "FailingJob.run": "jobs.failing:FailingJob.run",
    "Hostile.exit": "jobs.hostile:HostileJob.exit_without_receipt",
    "Hostile.forge": "jobs.hostile:HostileJob.forged_receipt",
    "Hostile.garbage": "jobs.hostile:HostileJob.garbage_receipt",
    "Hostile.sleep": "jobs.hostile:HostileJob.sleep",
    "Hostile.leak": "jobs.hostile:HostileJob.raise_secret",
    "Missing.run": "jobs.nowhere:Missing.run",
    "Probe.mark": "probe:Probe.mark",
    "Probe.overlap": "probe:Probe.overlap",
    "WebhookJob.notify": "jobs.webhook:WebhookJob.notify",
}


def entry(target: str) -> dict[str, Any]:
    """An allow-list entry that takes any parameters."""
    return {"target": target, "params": ANY_PARAMS}


class LocalMode:
    """One state directory in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        app = folder / "app"
        shutil.copytree(SAMPLE_JOBS, app / "jobs", ignore=shutil.ignore_patterns("__pycache__"))
        (app / "probe.py").write_text(PROBE)
        self.options = LocalOptions(
            state_directory=folder / "state",
            settings_file=folder / "settings.yaml",
            working_directory=app,
        )
        self.state = self.options.state
        self.write_settings()
        self.backend = LocalBackend(options=self.options)
        self.transitions: list[Document] = []

    @property
    def objects(self) -> Objects:
        """The objects, as the backend sees them."""
        return self.backend.objects

    @property
    def environment(self) -> dict[str, str]:
        """For processes that are to use the same state directory."""
        return {
            STATE_VARIABLE: str(self.options.state_directory),
            SETTINGS_VARIABLE: str(self.options.settings_file),
        }

    def write_settings(self, *, concurrency: int = 4, **config: Any) -> None:
        """Allow all methods above."""
        allow_list = {key: entry(target) for key, target in ALLOWED.items()}
        document = {"allowList": allow_list, "config": {"limits": {"concurrency": concurrency}, **config}}
        self.options.settings_file.write_text(yaml.safe_dump(document))

    def submit(self, key: str, params: dict[str, Any] | None = None, *, name: str, **spec: Any) -> str:
        """Submit `Class.method`; a failure is tried again after 1 s unless `retry` says otherwise."""
        class_, _, method = key.partition(".")
        retry = {"delaySeconds": 1, "backoff": "Fixed", "jitterPercent": 0} | spec.pop("retry", {})
        document = {"class": class_, "method": method, "params": params or {}, "retry": retry, **spec}
        self.backend.submit(
            {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": document}
        )
        return name

    def secret(self, name: str, key: str, value: bytes) -> None:
        """Store one key of a Secret of the default namespace."""
        self.state.create()
        file = self.state.secrets / "default" / name / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(value)

    def engine(self, **options: Any) -> LocalEngine:
        """An engine that notes transitions."""
        return LocalEngine(self.options, on_transition=self.transitions.append, **options)

    def get(self, name: str) -> Document:
        """The object."""
        return self.backend.get("default", name)

    def status(self, name: str) -> dict[str, Any]:
        """Its status."""
        return dict(self.get(name).get("status") or {})

    def jobs_of(self, name: str) -> Sequence[Document]:
        """Its Jobs."""
        uid = self.get(name)["metadata"]["uid"]
        owners = [(job, job["metadata"]["ownerReferences"][0]["uid"]) for job in self.objects.list("Job")]
        return [job for job, owner in owners if owner == uid]

    async def ended(self, *names: str) -> list[dict[str, Any]]:
        """The statuses of these jobs once all have finished."""
        await until(lambda: all(is_finished(self.get(name)) for name in names))
        return [self.status(name) for name in names]

    async def run(self, *names: str) -> list[dict[str, Any]]:
        """Run an engine until these jobs have finished."""
        async with self.engine():
            return await self.ended(*names)

    async def run_without_waits(self, *names: str) -> list[dict[str, Any]]:
        """The same with a clock that is a minute ahead of the processes: each retry is due at once."""
        async with self.engine(clock=lambda: datetime.now(UTC) + timedelta(minutes=1)):
            return await self.ended(*names)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that other processes bring about. Fails the test after 20 s."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not happen within 20 s"
        await asyncio.sleep(0.02)


def bgjob(*arguments: str) -> list[str]:
    """The command line of `bgjob` in this virtual environment."""
    return [sys.executable, "-c", "from backgroundjob.cli.app import main; main()", *arguments]
