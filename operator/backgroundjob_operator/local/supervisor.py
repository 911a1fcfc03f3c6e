"""The process beside an attempt: starts the runner, stops it when told to, writes down how it ended.

Run as a script, `python supervisor.py FOLDER`, with the standard library alone. It outlives the engine that
started it, so no end goes unseen because an engine died. What the engine wants and what happened are files
in the attempt's folder, written whole or not at all; that works between any two processes on any system:

    order.json      from the engine: the command, its directory, the log file
    lock            held as long as this process lives
    claim           exists once a supervisor took the attempt: there is never a second one
    started.json    the runner's pid and start
    stop.json       from the engine: end it, with this many seconds of grace
    end.json        exit code and time
"""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

ORDER: Final = "order.json"
LOCK: Final = "lock"
CLAIM: Final = "claim"
STARTED: Final = "started.json"
STOP: Final = "stop.json"
END: Final = "end.json"

EXIT_NOT_OURS: Final = 3
"""Exit code: another supervisor has this attempt."""
NODE_SHUTDOWN: Final = "NodeShutdown"
_LOOK_SECONDS: Final = 0.1
_LOCK_SECONDS: Final = 5.0


def main(folder: Path) -> int:
    """Supervise the attempt in this folder."""
    lock = sqlite3.connect(folder / LOCK, timeout=_LOCK_SECONDS, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        (folder / CLAIM).touch(exist_ok=False)
    except (sqlite3.OperationalError, FileExistsError):
        return EXIT_NOT_OURS
    # A machine that shuts down ends us first: the attempt ends then too, and not by its own fault.
    signal.signal(signal.SIGTERM, lambda *_: write(folder / STOP, {"reason": NODE_SHUTDOWN, "grace": 10}))
    try:
        child = _start(json.loads((folder / ORDER).read_text()))
    except OSError as error:
        write(folder / END, {"startError": str(error), "time": time.time()})
        return 0
    started = time.time()
    write(folder / STARTED, {"pid": child.pid, "time": started})
    stopped = _wait(child, folder / STOP)
    end = {"exitCode": child.returncode, "started": started, "time": time.time(), "stopped": stopped}
    write(folder / END, end)
    return 0


def write(path: Path, document: dict[str, Any]) -> None:
    """Put a document in place, whole."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(document))
    draft.replace(path)


def _start(order: dict[str, Any]) -> "subprocess.Popen[bytes]":
    with Path(order["log"]).open("ab") as log:
        return subprocess.Popen(  # noqa: S603  the engine wrote the command, into a folder of its own
            order["command"],
            cwd=order["directory"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )


def _wait(child: "subprocess.Popen[bytes]", stop: Path) -> str:
    """Wait for its end; the reason why it was stopped, empty when it ended by itself."""
    while True:
        try:
            child.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if stop.exists():
                break
        else:
            return ""
    order = json.loads(stop.read_text())
    # Windows has no SIGTERM to send; the runner takes Ctrl+Break as one.
    child.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
    try:
        child.wait(order["grace"])
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    return str(order["reason"])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
