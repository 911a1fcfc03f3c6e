"""Which process is ours. A pid alone says nothing: the kernel gives it to the next one."""

import json
import os
import select
import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import ClusterError

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A pid together with what makes it one process only."""

    pid: int
    start_ticks: int
    boot_id: str

    def alive(self, proc: Path = PROC) -> bool:
        """Whether this very process still runs; a zombie does not."""
        now = identify(self.pid, proc)
        return now == self and _state(self.pid, proc) not in ("Z", "X")

    def save(self, file: Path) -> None:
        part = file.with_suffix(".part")
        part.write_text(json.dumps(asdict(self)))
        part.replace(file)

    @classmethod
    def load(cls, file: Path) -> "ProcessIdentity | None":
        """None when nothing was saved, or only half of it before a crash."""
        try:
            return cls(**json.loads(file.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None


def identify(pid: int, proc: Path = PROC) -> ProcessIdentity | None:
    """The process that has this pid now, if any."""
    fields = _stat(pid, proc)
    if fields is None:
        return None
    boot_id = (proc / "sys/kernel/random/boot_id").read_text().strip()
    return ProcessIdentity(pid, int(fields[19]), boot_id)


def children(pid: int, proc: Path = PROC) -> tuple[int, ...]:
    """Pids whose parent is `pid`."""
    stats = (
        (int(entry.name), _stat(int(entry.name), proc)) for entry in proc.iterdir() if entry.name.isdigit()
    )
    return tuple(child for child, fields in stats if fields is not None and int(fields[1]) == pid)


def with_command_line(argv: Sequence[str], proc: Path = PROC) -> tuple[ProcessIdentity, ...]:
    """Processes with exactly this command line, seen from our pid namespace and so with its pids."""
    wanted = b"".join(argument.encode() + b"\0" for argument in argv)
    pids = (int(entry.name) for entry in proc.iterdir() if entry.name.isdigit())
    found = (identify(pid, proc) for pid in pids if _command_line(pid, proc) == wanted)
    return tuple(process for process in found if process is not None)


def send_signal(process: ProcessIdentity, number: signal.Signals) -> None:
    """Raise ClusterError when that very process has ended."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        raise ClusterError(f"process {process.pid} has ended: nothing got {number.name}") from None
    try:
        if not process.alive():
            raise ClusterError(f"process {process.pid} has ended: nothing got {number.name}")
        signal.pidfd_send_signal(handle, number)
    finally:
        os.close(handle)


def kill(process: ProcessIdentity, *, timeout_seconds: float = 30) -> None:
    """SIGKILL, and wait until it and (for the first of a pid namespace) all of its own are gone.

    The handle is opened before the identity is checked, so a recycled pid is never hit.
    """
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if not process.alive():
            return
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        if not select.select([handle], [], [], timeout_seconds)[0]:
            raise ClusterError(f"process {process.pid} did not end {timeout_seconds:g} s after SIGKILL")
    finally:
        os.close(handle)


def _command_line(pid: int, proc: Path) -> bytes:
    try:
        return (proc / str(pid) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _state(pid: int, proc: Path) -> str:
    fields = _stat(pid, proc)
    return fields[0] if fields else "X"


def _stat(pid: int, proc: Path) -> list[str] | None:
    """Fields of /proc/PID/stat from the third on: the second may hold spaces and brackets."""
    try:
        text = (proc / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
