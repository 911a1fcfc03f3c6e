"""Locks that every platform has and no dead process keeps: an exclusive transaction on an empty database.

The operating system lets go of it when the process ends, however it ends. Nothing is ever written.
"""

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

_PROBE_SECONDS: Final = 0.3
"""A probe of somebody else's holds the lock for an instant: try that long before saying that it is taken."""


class LockTaken(Exception):
    """Another process, or another part of this one, holds the lock."""


class Lock:
    """A lock on a file, held from `take` until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def take(self) -> None:
        """Take it, or raise LockTaken."""
        self._connection = _begin(self._path, _PROBE_SECONDS)

    def release(self) -> None:
        """Let it go. Call it in the thread that took it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def is_taken(path: Path) -> bool:
    """Whether somebody holds the lock now."""
    if not path.exists():
        return False
    try:
        _begin(path, 0).close()
    except LockTaken:
        return True
    return False


def _begin(path: Path, timeout_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=timeout_seconds, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        with contextlib.suppress(sqlite3.Error):
            connection.close()
        if "locked" not in str(error):
            raise
        raise LockTaken(str(path)) from error
    return connection
