"""Only the very process that was started is ever ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cluster.errors import ClusterError
from tests.cluster.process import (
    PROC,
    ProcessIdentity,
    children,
    identify,
    kill,
    send_signal,
    with_command_line,
)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as process:
        yield process
        process.kill()


def identity(process: subprocess.Popen[bytes]) -> ProcessIdentity:
    found = identify(process.pid)
    assert found is not None
    return found


def test_a_running_process_is_recognised(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    identity(sleeper).save(tmp_path / "pid.json")
    loaded = ProcessIdentity.load(tmp_path / "pid.json")
    assert loaded == identity(sleeper)
    assert loaded.alive()


def test_our_process_is_killed(sleeper: subprocess.Popen[bytes]) -> None:
    kill(identity(sleeper))
    assert sleeper.wait() == -signal.SIGKILL


def test_another_process_with_a_recycled_pid_is_never_killed(sleeper: subprocess.Popen[bytes]) -> None:
    earlier = replace(identity(sleeper), start_ticks=identity(sleeper).start_ticks - 1)
    assert not earlier.alive()
    kill(earlier)
    assert sleeper.poll() is None


def test_the_same_pid_and_time_after_a_reboot_is_another_process(sleeper: subprocess.Popen[bytes]) -> None:
    before_reboot = replace(identity(sleeper), boot_id="another")
    kill(before_reboot)
    assert sleeper.poll() is None


def test_a_zombie_does_not_count_as_running(sleeper: subprocess.Popen[bytes]) -> None:
    ours = identity(sleeper)
    kill(ours)
    assert not ours.alive()


def test_killing_a_process_that_is_gone_is_harmless(sleeper: subprocess.Popen[bytes]) -> None:
    ours = identity(sleeper)
    sleeper.kill()
    sleeper.wait()
    kill(ours)


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1}'], ids=["empty", "half", "other fields"])
def test_a_pid_file_that_a_crash_left_half_written_names_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid.json").write_text(content)
    assert ProcessIdentity.load(tmp_path / "pid.json") is None


def test_a_name_with_spaces_and_brackets_does_not_shift_the_fields(tmp_path: Path) -> None:
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("b\n")
    (tmp_path / "7").mkdir()
    rest = " ".join(["S", "3", *("0" for _ in range(17)), "4711", "0"])
    (tmp_path / "7" / "stat").write_text(f"7 (a) b ( c) {rest}\n")
    assert identify(7, tmp_path) == ProcessIdentity(7, 4711, "b")
    assert children(3, tmp_path) == (7,)


def test_a_process_is_found_by_its_whole_command_line_only(sleeper: subprocess.Popen[bytes]) -> None:
    argv = [sys.executable, "-c", "import signal; signal.pause()"]
    deadline = time.monotonic() + 5
    while identity(sleeper) not in with_command_line(argv) and time.monotonic() < deadline:
        time.sleep(0.01)  # between fork and exec it has ours
    assert identity(sleeper) in with_command_line(argv)
    assert identity(sleeper) not in with_command_line(argv[:2])


def test_a_paused_process_goes_on_when_it_is_continued(sleeper: subprocess.Popen[bytes]) -> None:
    def state() -> str:
        return (PROC / str(sleeper.pid) / "stat").read_text().rpartition(")")[2].split()[0]

    send_signal(identity(sleeper), signal.SIGSTOP)
    os.waitid(os.P_PID, sleeper.pid, os.WSTOPPED)
    assert state() == "T"
    send_signal(identity(sleeper), signal.SIGCONT)
    os.waitid(os.P_PID, sleeper.pid, os.WCONTINUED)
    assert state() in "RS"


def test_a_signal_for_an_earlier_process_reaches_nobody(sleeper: subprocess.Popen[bytes]) -> None:
    earlier = replace(identity(sleeper), start_ticks=identity(sleeper).start_ticks - 1)
    with pytest.raises(ClusterError, match="nothing got SIGKILL"):
        send_signal(earlier, signal.SIGKILL)
    assert sleeper.poll() is None
