"""Operators as processes beside the node instead of in pods: what a test may kill, stop and read at will.

A pod killed again and again waits minutes in CrashLoopBackOff. It is the same program on the same API
server, with the rights of the operator's ServiceAccount and no others.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from backgroundjob.api.labels import OPERATOR_NAME
from e2e_product import NAMESPACE, Product

PROGRAM: Final = (sys.executable, "-m", "backgroundjob_operator.kopf_app")


class OperatorProcess:
    """One life after the other of one replica; `log` is what the present one wrote."""

    def __init__(
        self,
        product: Product,
        directory: Path,
        name: str = "operator",
        port: int = 18080,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`settings` are BACKGROUNDJOB_ variables, without that prefix."""
        self.name = name
        self._product = product
        self._directory = directory
        self._port = port
        self._settings = settings or {}
        self._lives = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def replica(self) -> str:
        """What the present life calls itself, in the audit log and in the Lease."""
        return f"{self.name}-{self._lives}"

    @property
    def log(self) -> str:
        return self._log_file.read_text()

    @property
    def _log_file(self) -> Path:
        return self._directory / f"{self.replica}.log"

    @property
    def leads(self) -> bool:
        """Whether the present life was elected."""
        return " leads (" in self.log

    def start(self) -> None:
        self._lives += 1
        settings = {"NAMESPACE": NAMESPACE, "HTTP_PORT": str(self._port), "POD_NAME": self.replica}
        variables = {f"BACKGROUNDJOB_{name}": value for name, value in {**settings, **self._settings}.items()}
        environment = {**os.environ, **self._product.cluster.environment(), **variables}
        # `command` gives the program the admin's file, which this one takes the place of.
        program = ["env", f"KUBECONFIG={self._kubeconfig(Path(environment['KUBECONFIG']))}", *PROGRAM]
        command = self._product.cluster.command(program)
        with self._log_file.open("wb") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def signal(self, number: int) -> None:
        """SIGSTOP, SIGCONT, SIGTERM."""
        self._running().send_signal(number)

    def kill(self) -> None:
        """Harmless when it has ended."""
        self._running().kill()
        self._running().wait()

    def ended(self, timeout_seconds: float = 30) -> int:
        """The exit code, when it has ended."""
        return self._running().wait(timeout=timeout_seconds)

    def stop(self) -> tuple[int, float]:
        """Exit code and seconds from SIGTERM to the end."""
        begin = time.monotonic()
        self.signal(signal.SIGTERM)
        return self.ended(), time.monotonic() - begin

    def wait_for_line(self, text: str, timeout_seconds: float) -> bool:
        """Whether the present life wrote that within the time."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if text in self.log:
                return True
            time.sleep(0.01)
        return False

    def _kubeconfig(self, admin: Path) -> Path:
        """The admin's, with the operator's token instead of the admin's certificate."""
        token = self._product.cluster.kubectl(
            "-n", NAMESPACE, "create", "token", OPERATOR_NAME, "--duration=2h"
        )
        config = yaml.safe_load(admin.read_text())
        for user in config["users"]:
            user["user"] = {"token": token.strip()}
        own = self._directory / f"{self.name}.kubeconfig"
        own.write_text(yaml.safe_dump(config))
        return own

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process
