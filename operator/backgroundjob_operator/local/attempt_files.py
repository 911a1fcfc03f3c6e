"""The engine's side of an attempt's folder; the supervisor describes the files."""

import atexit
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from backgroundjob_operator.local import supervisor
from backgroundjob_operator.local.locks import is_taken
from backgroundjob_runner import contract

MESSAGE_LIMIT_BYTES: Final = 4096
"""What a kubelet keeps of a termination message: its end."""
_INVOCATION: Final = "invocation.json"
_RECEIPT: Final = "receipt.json"
_PARAMS: Final = "params"


class AttemptFiles:
    """One attempt's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(
        self, invocation: str, secrets: Mapping[str, bytes], log: Path, working_directory: Path
    ) -> None:
        """Write everything that a supervisor and its runner need."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / _INVOCATION).write_text(invocation)
        self._write_secrets(secrets)
        order = {
            "command": [sys.executable, "-m", "backgroundjob_runner"],
            "directory": str(working_directory),
            "log": str(log),
        }
        supervisor.write(self.folder / supervisor.ORDER, order)

    def spawn(self, environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
        """Start a supervisor. A second one for the same attempt ends with EXIT_NOT_OURS."""
        flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603  our own script
                # Isolated and without site: it needs the standard library alone, and starts in half the time.
                [sys.executable, "-I", "-S", supervisor.__file__, str(self.folder)],
                env={
                    **os.environ,
                    **environment,
                    contract.INVOCATION_PATH_VARIABLE: str(self.folder / _INVOCATION),
                    contract.RECEIPT_PATH_VARIABLE: str(self.folder / _RECEIPT),
                    contract.SECRET_PARAMS_PATH_VARIABLE: str(self.folder / _PARAMS),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl+C in the terminal is for the engine, which decides what becomes of attempts.
                start_new_session=True,
                creationflags=flags | getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )

    @property
    def is_claimed(self) -> bool:
        """Whether a supervisor took it, so that code may have run."""
        return (self.folder / supervisor.CLAIM).exists()

    @property
    def is_supervised(self) -> bool:
        """Whether its supervisor lives."""
        return is_taken(self.folder / supervisor.LOCK)

    def started(self) -> dict[str, Any] | None:
        """`pid` and `time` of the runner; None before its start."""
        return _read(self.folder / supervisor.STARTED)

    def end(self) -> dict[str, Any] | None:
        """How it ended; None before."""
        return _read(self.folder / supervisor.END)

    def receipt(self) -> str:
        """What a kubelet would show as the termination message."""
        try:
            data = (self.folder / _RECEIPT).read_bytes()
        except OSError:
            return ""
        return data[-MESSAGE_LIMIT_BYTES:].decode("utf-8", "replace")

    def request_stop(self, reason: str, grace_seconds: int) -> None:
        """Have it stopped. Harmless when it has ended."""
        supervisor.write(self.folder / supervisor.STOP, {"reason": reason, "grace": grace_seconds})

    def _write_secrets(self, secrets: Mapping[str, bytes]) -> None:
        params = self.folder / _PARAMS
        params.mkdir(mode=0o700, exist_ok=True)
        for name, value in secrets.items():
            file = params / name
            file.touch(mode=0o600)  # before the value is in it
            file.write_bytes(value)

    def remove_secrets(self) -> None:
        """Drop the values, once nothing can read them any more."""
        shutil.rmtree(self.folder / _PARAMS, ignore_errors=True)

    def remove(self) -> None:
        """Drop the folder."""
        with contextlib.suppress(OSError):  # Windows keeps files that are open; the next sweep takes them
            shutil.rmtree(self.folder)


_left: "list[subprocess.Popen[bytes]]" = []


def reap_later(process: "subprocess.Popen[bytes]") -> None:
    """Keep a supervisor that outlives its engine, so that a process which lives on leaves no zombies."""
    _left[:] = [one for one in _left if one.poll() is None]
    _left.append(process)


@atexit.register
def _let_go() -> None:
    """They are meant to outlive this process: Popen would warn of each as forgotten."""
    for process in _left:
        process.returncode = process.poll() or 0


def has_ended(pid: int) -> bool:
    """Whether that process is known to be gone. On Windows nothing is known of a process that is not ours."""
    if sys.platform == "win32":
        return False
    try:
        os.kill(pid, 0)  # signal 0 only asks
    except ProcessLookupError:
        return True
    except PermissionError:
        return True  # the number belongs to somebody else's process by now
    return _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether it has ended and its parent has not noticed; known where there is /proc."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] == "Z"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        text = path.read_text()
    except OSError:  # not there yet, or Windows is putting it in place right now
        return None
    document: dict[str, Any] = json.loads(text)
    return document
