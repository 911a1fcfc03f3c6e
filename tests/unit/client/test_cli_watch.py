"""`bgjob list --watch`: lines in a pipe, one changing table on a terminal."""

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from backgroundjob.api.reasons import State
from backgroundjob.backends import Change
from backgroundjob.cli.output import Output
from backgroundjob.cli.watch import Watched, lines
from backgroundjob.testing import InMemoryBackend
from command_line import bgjob


def job(name: str, state: str, created: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": name, "uid": name, "creationTimestamp": created}
    return {"metadata": metadata, "spec": {"class": "A", "method": "b"}, "status": {"state": state}}


CHANGES = [
    Change("ADDED", job("one", "Queued")),
    Change("MODIFIED", job("one", "Running")),
    Change("ADDED", job("two", "Queued")),
    Change("DELETED", job("one", "Running")),
]


def words(line: str) -> list[str]:
    return line.split()[:4]


def test_each_change_is_a_line_below_one_header() -> None:
    shown = list(lines(CHANGES, Watched(None), Output.TABLE))
    assert [words(line) for line in shown] == [
        ["NAME", "CLASS", "METHOD", "STATE"],
        ["one", "A", "b", "Queued"],
        ["one", "A", "b", "Running"],
        ["two", "A", "b", "Queued"],
        ["one", "A", "b", "Running"],
    ]
    assert shown[-1].endswith("(deleted)")


def test_with_a_state_a_job_is_told_when_it_comes_and_when_it_goes() -> None:
    shown = list(lines(CHANGES, Watched([State.RUNNING]), Output.NAME))
    assert shown == ["backgroundjob.backgroundjob.dev/one"] * 2


def test_json_is_one_document_a_line() -> None:
    first = json.loads(next(lines(CHANGES, Watched(None), Output.JSON)))
    assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "one")


def test_the_newest_jobs_are_shown_and_the_others_counted() -> None:
    watched = Watched(None)
    for number in range(5):
        watched.take(Change("ADDED", job(f"job-{number}", "Queued", f"2026-01-01T00:00:0{number}Z")))
    found, left_out = watched.newest(2)
    assert ([one["metadata"]["name"] for one in found], left_out) == (["job-3", "job-4"], 3)


def test_the_command_watches_the_backend(jobs: InMemoryBackend) -> None:
    bgjob("run", "A.b", "--name", "mine")
    assert [words(line)[0] for line in bgjob("list", "--watch").out.splitlines()] == ["NAME", "mine"]


SCRIPT = """
from backgroundjob.testing import InMemoryBackend, use_backend
from backgroundjob.cli.commands import app
import sys
with use_backend(InMemoryBackend()) as backend:
    sys.argv = ["bgjob", "run", "A.b", "--name", "mine"]
    try: app()
    except SystemExit: pass
    sys.argv = ["bgjob", "list", "--watch"]
    app()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_a_terminal_shows_one_table() -> None:
    master, slave = pty.openpty()
    # As on a terminal, whatever the one is that runs the tests: a dumb one has no escape sequences.
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env=environment | {"TERM": "xterm"},
        stdout=slave,
        stderr=slave,
        close_fds=True,
    )
    os.close(slave)
    shown = "".join(_read(master))
    assert process.wait(timeout=20) == 0
    assert "\x1b[" in shown
    assert "mine" in shown


def _read(descriptor: int) -> Iterator[str]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            data = os.read(descriptor, 1024)
        except OSError:  # the other side has closed
            break
        if not data:
            break
        yield data.decode()
    os.close(descriptor)
