"""The end of the time, and signals. Real processes, and the only tests here that take a second."""

import signal

import pytest

from backgroundjob_runner.contract import ExitCode, ReceiptOutcome
from runner_process import RunnerProcess

SLEEPER = """
import asyncio, time
class Job:
    def block(self):
        try:
            print("ready")
            time.sleep(60)
        finally:
            print("cleaned up")

    async def wait(self):
        try:
            print("ready")
            await asyncio.sleep(60)
        finally:
            print("cleaned up")

    async def wait_in_a_task(self):
        async with asyncio.TaskGroup() as group:
            group.create_task(self.wait())

    def own_loop(self):
        asyncio.run(self.wait())

"""


@pytest.mark.parametrize("method", ["block", "wait", "wait_in_a_task", "own_loop"])
def test_sigterm_unwinds_the_method_and_decides_nothing(runner: RunnerProcess, method: str) -> None:
    runner.job(SLEEPER)
    ended = runner.terminated(target=f"job:Job.{method}")
    assert ended.code == ExitCode.TERMINATED
    assert ended.receipt.outcome is ReceiptOutcome.TERMINATED
    assert not ended.receipt.is_final
    assert ended.receipt.exception is None
    assert "cleaned up" in ended.output
    assert "TERMINATED attempt 1" in ended.output


def test_sigint_stops_as_sigterm_does(runner: RunnerProcess) -> None:
    runner.job(SLEEPER)
    ended = runner.terminated(signal.SIGINT, target="job:Job.wait")
    assert ended.receipt.outcome is ReceiptOutcome.TERMINATED


def test_sigterm_during_the_import_is_no_fault_of_the_target(runner: RunnerProcess) -> None:
    runner.job("import time\nprint('ready')\ntime.sleep(60)")
    assert runner.terminated().receipt.outcome is ReceiptOutcome.TERMINATED


def test_an_exception_raised_while_stopping_is_kept_but_decides_nothing(runner: RunnerProcess) -> None:
    runner.job(
        "import time\nclass Job:\n def run(self):\n"
        "  try: print('ready'); time.sleep(60)\n"
        "  finally: raise OSError('connection lost')"
    )
    receipt = runner.terminated().receipt
    assert receipt.outcome is ReceiptOutcome.TERMINATED
    assert receipt.exception is not None
    assert receipt.exception.message == "connection lost"


def test_a_method_that_survives_sigterm_and_returns_has_succeeded(runner: RunnerProcess) -> None:
    runner.job(
        "import time\nclass Job:\n def run(self):\n"
        "  try: print('ready'); time.sleep(60)\n"
        "  except SystemExit: return 'saved'"
    )
    ended = runner.terminated()
    assert (ended.code, ended.receipt.result) == (0, "saved")


def test_a_method_that_ignores_sigterm_ends_before_the_grace_period_does(runner: RunnerProcess) -> None:
    runner.job(
        "from jobs.hostile import HostileJob\n"
        "class Job(HostileJob):\n def run(self): print('ready'); self.spin()"
    )
    ended = runner.terminated()
    assert ended.code == ExitCode.TERMINATED
    assert ended.receipt.outcome is ReceiptOutcome.TERMINATED


@pytest.mark.parametrize("method", ["block", "wait", "own_loop"])
def test_a_time_that_is_over_at_once_is_a_timeout(runner: RunnerProcess, method: str) -> None:
    runner.job(SLEEPER)
    ended = runner.run(target=f"job:Job.{method}", timeout_seconds=0)
    assert ended.code == ExitCode.TIMEOUT
    assert ended.receipt.outcome is ReceiptOutcome.TIMEOUT


def test_a_timeout_shows_where_the_method_was(runner: RunnerProcess) -> None:
    runner.job(SLEEPER)
    ended = runner.run(target="job:Job.block", timeout_seconds=1)
    assert "cleaned up" in ended.output
    assert "TIMEOUT attempt 1" in ended.output
    exception = ended.receipt.exception
    assert exception is not None
    assert exception.message == "Job.run ran longer than 1 s"
    assert "time.sleep(60)" in exception.traceback
    assert "backgroundjob_runner" not in exception.traceback
    assert "timeoutSeconds=1 are over; stacks of all threads:" in ended.errors
    assert "in block" in ended.errors


def test_a_method_that_swallows_the_interruption_is_ended_all_the_same(runner: RunnerProcess) -> None:
    ended = runner.run(target="jobs.hostile:HostileJob.spin", timeout_seconds=1)
    assert ended.code == ExitCode.TIMEOUT
    assert ended.receipt.outcome is ReceiptOutcome.TIMEOUT


def test_a_method_that_returns_after_its_time_is_late(runner: RunnerProcess) -> None:
    runner.job(
        "import time\nclass Job:\n def run(self):\n"
        "  try: time.sleep(60)\n"
        "  except SystemExit: return 'too late'"
    )
    assert runner.run(timeout_seconds=1).receipt.outcome is ReceiptOutcome.TIMEOUT


def test_what_follows_the_method_cannot_hold_back_its_receipt(runner: RunnerProcess) -> None:
    runner.job("import atexit, time\nclass Job:\n def run(self): atexit.register(time.sleep, 60); return 1")
    assert runner.run().receipt.result == 1


def test_a_job_that_takes_sigterm_for_itself_still_ends_in_time(runner: RunnerProcess) -> None:
    runner.job(
        "import signal, time\nclass Job:\n def run(self):\n"
        "  signal.signal(signal.SIGTERM, signal.SIG_DFL); time.sleep(60)"
    )
    assert runner.run(timeout_seconds=1).receipt.outcome is ReceiptOutcome.TIMEOUT
