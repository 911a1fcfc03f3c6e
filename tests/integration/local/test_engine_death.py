"""What becomes of attempts whose engine, or whose supervisor, dies."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

from backgroundjob_operator.local.attempt_files import AttemptFiles
from local_mode import LocalMode, bgjob, until

SECONDS = 0.6


def lines(path: str) -> list[str]:
    """First words of what a probe wrote."""
    return [line.split()[0] for line in Path(path).read_text().splitlines()] if Path(path).exists() else []


def pid_of(path: Path) -> int:
    """The probe's process."""
    return int(path.read_text().split()[1])


def start_dev(local: LocalMode) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        bgjob("dev"),
        cwd=local.options.working_directory,
        env={**os.environ, **local.environment},
        stdout=subprocess.DEVNULL,
    )


async def test_an_engine_killed_amid_jobs_loses_none_and_doubles_none(local: LocalMode) -> None:
    local.write_settings(concurrency=3)
    paths = {f"job-{number}": str(local.folder / f"mark-{number}") for number in range(6)}
    for name, path in paths.items():
        local.submit("Probe.mark", {"path": path, "seconds": SECONDS}, name=name)
    process = start_dev(local)

    def count(word: str) -> int:
        return sum(word in lines(path) for path in paths.values())

    await until(lambda: count("start") >= 3)
    process.kill()
    process.wait()
    # What runs ends while nobody is there.
    await until(lambda: count("end") == count("start"))
    assert 3 <= count("end") < 6
    statuses = await local.run(*paths)
    assert [status["state"] for status in statuses] == ["Succeeded"] * 6
    assert [lines(path) for path in paths.values()] == [["start", "end"]] * 6
    assert [len(local.jobs_of(name)) for name in paths] == [1] * 6


async def test_an_attempt_of_a_dead_engine_that_still_runs_is_taken_over(local: LocalMode) -> None:
    path = str(local.folder / "mark")
    local.submit("Probe.mark", {"path": path, "seconds": 3 * SECONDS}, name="long")
    async with local.engine():
        await until(lambda: lines(path) == ["start"])
    async with local.engine():
        await asyncio.sleep(SECONDS / 4)
        assert local.status("long").get("state") == "Running"
        [status] = await local.ended("long")
    assert (status["state"], lines(path)) == ("Succeeded", ["start", "end"])


async def test_a_pod_whose_process_was_never_started_is_started_once(local: LocalMode) -> None:
    path = str(local.folder / "mark")
    local.submit("Probe.mark", {"path": path}, name="job")
    async with local.engine() as engine:
        engine._node.pod_seen = lambda *_: None  # type: ignore[method-assign]  # dies before it starts anything
        await until(lambda: len(local.jobs_of("job")) == 1)
    assert lines(path) == []
    [status] = await local.run("job")
    assert (status["state"], lines(path), len(local.jobs_of("job"))) == ("Succeeded", ["start", "end"], 1)


async def test_a_second_supervisor_leaves_the_attempt_to_the_first(local: LocalMode) -> None:
    path = str(local.folder / "mark")
    local.submit("Probe.mark", {"path": path, "seconds": SECONDS / 2}, name="job")
    async with local.engine():
        await until(lambda: lines(path) == ["start"])
        [folder] = local.state.attempts.iterdir()
        second = AttemptFiles(folder).spawn({}, local.folder / "second.log")
        [status] = await local.ended("job")
        assert second.wait(timeout=10) == 3
    assert (status["state"], lines(path)) == ("Succeeded", ["start", "end"])


async def test_a_job_whose_supervisor_was_killed_is_believed_by_its_receipt(local: LocalMode) -> None:
    path = str(local.folder / "mark")
    local.submit("Probe.mark", {"path": path, "seconds": 2 * SECONDS}, name="job")
    async with local.engine() as engine:
        await until(lambda: lines(path) == ["start"])
        [attempt] = engine._node._attempts.values()
        assert attempt.process is not None
        attempt.process.kill()
        await until(lambda: local.status("job").get("reason") == "Stopping")
        [status] = await local.ended("job")
    assert (status["state"], lines(path), len(local.jobs_of("job"))) == ("Succeeded", ["start", "end"], 1)


async def test_a_job_that_went_down_with_the_machine_is_disrupted_and_not_charged(local: LocalMode) -> None:
    path = local.folder / "mark"
    local.submit("Probe.mark", {"path": str(path), "seconds": 30}, name="job")
    async with local.engine() as engine:
        await until(lambda: lines(str(path)) == ["start"])
        [attempt] = engine._node._attempts.values()
    assert attempt.process is not None
    attempt.process.kill()
    os.kill(pid_of(path), signal.SIGKILL)
    async with local.engine():
        await until(lambda: "nextRetryTime" in local.status("job"))
    status = local.status("job")
    assert (status["state"], status["attemptCount"], status["disruptionCount"]) == ("Retrying", 0, 1)
    assert status["attempts"][0]["cause"] == "Unknown"


async def test_stopping_the_engine_and_its_attempts_costs_no_attempt(local: LocalMode) -> None:
    path = local.folder / "mark"
    local.submit("Probe.mark", {"path": str(path), "seconds": 30}, name="job")
    async with local.engine() as engine:
        await until(lambda: lines(str(path)) == ["start"])
        assert await engine.stop_attempts(grace_seconds=5) == 1
    assert lines(str(path)) == ["start", "stopped"]
    status = local.status("job")
    assert status["state"] == "Retrying"
    assert (status["attempts"][0]["cause"], status["attemptCount"]) == ("Evicted", 0)
