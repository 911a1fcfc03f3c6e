"""Deleting and cancelling what runs."""

from datetime import UTC, datetime, timedelta

from backgroundjob.api.labels import KIND
from backgroundjob_operator.local.attempt_files import has_ended
from local_mode import LocalMode, until


async def test_deleting_a_running_job_stops_its_process_and_leaves_nothing(local: LocalMode) -> None:
    path = local.folder / "mark"
    local.submit("Probe.mark", {"path": str(path), "seconds": 60}, name="job")
    async with local.engine():
        await until(path.exists)
        await until(lambda: "start" in path.read_text())
        pid = int(path.read_text().split()[1])
        local.backend.delete("default", "job")
        await until(lambda: has_ended(pid) and not local.objects.list("Pod"))
        await until(lambda: not list(local.state.attempts.iterdir()))
        await until(lambda: not list(local.state.logs.glob("*/*")))
    assert "stopped" in path.read_text()
    assert local.objects.list("Job") == ()


async def test_cancelling_a_running_job_ends_it_as_cancelled(local: LocalMode) -> None:
    path = local.folder / "mark"
    local.submit("Probe.mark", {"path": str(path), "seconds": 60}, name="job")
    async with local.engine():
        await until(path.exists)
        local.objects.patch(KIND, "default", "job", {"spec": {"cancel": True}})
        [status] = await local.ended("job")
    assert (status["state"], status["reason"]) == ("Cancelled", "CancelRequested")
    assert len(status["attempts"]) == 1


async def test_a_job_that_does_not_stop_is_killed_after_its_grace_period(local: LocalMode) -> None:
    local.write_settings(profiles={"default": {"terminationGracePeriodSeconds": 1}})
    app = local.options.working_directory / "probe.py"
    app.write_text(
        "import pathlib, signal, time\n"
        "class Probe:\n"
        "    def mark(self, path):\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "        pathlib.Path(path).touch()\n"
        "        time.sleep(60)\n"
    )
    path = local.folder / "deaf"
    local.submit("Probe.mark", {"path": str(path)}, name="job")
    async with local.engine():
        await until(path.exists)
        local.objects.patch(KIND, "default", "job", {"spec": {"cancel": True}})
        [status] = await local.ended("job")
    assert (status["state"], status["attempts"][0]["exitCode"]) == ("Cancelled", 137)


async def test_the_deadline_of_the_job_ends_what_its_runner_did_not(local: LocalMode) -> None:
    offset = timedelta()
    path = local.folder / "mark"
    local.submit("Probe.mark", {"path": str(path), "seconds": 60}, name="job", retry={"maxAttempts": 1})
    async with local.engine(clock=lambda: datetime.now(UTC) + offset):
        await until(path.exists)
        offset = timedelta(hours=2)  # timeoutSeconds is an hour, and the runner's own clock says nothing
        [status] = await local.ended("job")
    assert (status["reason"], status["attempts"][0]["cause"]) == ("RetriesExhausted", "Timeout")
    assert local.objects.list("Pod") == ()


async def test_finished_jobs_and_their_logs_go_after_their_time_and_the_object_stays(
    local: LocalMode,
) -> None:
    local.submit("Hostile.exit", name="exit", retry={"maxAttempts": 1})
    await local.run("exit")
    assert len(list(local.state.logs.glob("*/*"))) == 1
    async with local.engine(clock=lambda: datetime.now(UTC) + timedelta(days=2)):
        await until(lambda: not list(local.state.logs.glob("*/*")))
    assert local.objects.list("Job") == local.objects.list("Pod") == ()
    assert local.status("exit")["state"] == "Failed"
