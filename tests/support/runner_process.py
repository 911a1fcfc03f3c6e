"""Runs the real runner in a child process, on a job module written for the test."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backgroundjob_runner.contract import Invocation, Receipt

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [ROOT / "runner_image", ROOT / "client", ROOT / "examples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What one run left behind."""

    code: int
    output: str
    errors: str
    receipt_text: bytes

    @property
    def receipt(self) -> Receipt:
        """The parsed receipt."""
        return Receipt.from_json(self.receipt_text)


def invocation(**fields: Any) -> Invocation:
    """An invocation of `job:Job.run`; give only what the test is about."""
    standard: dict[str, Any] = {
        "uid": "uid-1",
        "namespace": "shop",
        "name": "mail",
        "attempt": 1,
        "max_attempts": 3,
        "class_name": "Job",
        "method": "run",
        "target": "job:Job.run",
        "timeout_seconds": 30,
        "grace_period_seconds": 1,
    }
    return Invocation(**{**standard, **fields})


class RunnerProcess:
    """One folder with a job module, an invocation, secrets and a receipt path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.receipt_path = folder / "receipt"

    def job(self, body: str) -> None:
        """Write the module `job`; indent as you like, as long as it is even."""
        (self.folder / "job.py").write_text(body, encoding="utf-8")

    def secret(self, name: str, value: bytes) -> None:
        """Mount one secret param."""
        (self.folder / "params").mkdir(exist_ok=True)
        (self.folder / "params" / name).write_bytes(value)

    def run(
        self, text: str | None = None, *, environment: Mapping[str, str] | None = None, **fields: Any
    ) -> Ended:
        """Run to the end. `text` replaces the invocation's document."""
        with self.started(text, environment=environment, **fields) as process:
            return self.ended(process)

    @contextlib.contextmanager
    def started(
        self, text: str | None = None, *, environment: Mapping[str, str] | None = None, **fields: Any
    ) -> Iterator[subprocess.Popen[str]]:
        """Start, and end with the block at the latest."""
        (self.folder / "invocation.json").write_text(invocation(**fields).to_json() if text is None else text)
        process = subprocess.Popen(
            # -S: what a machine's site-packages import at start is not the runner's doing.
            [sys.executable, "-S", "-m", "backgroundjob_runner"],
            cwd=self.folder,
            env={
                **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
                "PYTHONPATH": os.pathsep.join(map(str, [self.folder, *SOURCES])),
                "BACKGROUNDJOB_INVOCATION": str(self.folder / "invocation.json"),
                "BACKGROUNDJOB_RECEIPT": str(self.receipt_path),
                "BACKGROUNDJOB_SECRET_PARAMS": str(self.folder / "params"),
                **(environment or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def ended(self, process: subprocess.Popen[str]) -> Ended:
        """Wait for the end."""
        output, errors = process.communicate(timeout=30)
        text = self.receipt_path.read_bytes() if self.receipt_path.exists() else b""
        return Ended(code=process.returncode, output=output, errors=errors, receipt_text=text)

    def terminated(self, number: int = signal.SIGTERM, **fields: Any) -> Ended:
        """Run until the job prints `ready`, send the signal, wait for the end."""
        with self.started(**fields) as process:
            assert process.stdout is not None
            while "ready" not in process.stdout.readline():
                assert process.poll() is None, "the job ended before it was ready"
            process.send_signal(number)
            # CPython notices a signal that comes between two instructions and a blocking call only when that
            # call returns: one sent in that moment would find the job asleep for a minute.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=4)
            if process.poll() is None:
                process.send_signal(number)
            return self.ended(process)


def json_lines(output: str) -> list[dict[str, Any]]:
    """The JSON log lines of an output."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
