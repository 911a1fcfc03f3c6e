"""Who runs when: priority, the global limit, delays."""

from datetime import UTC, datetime, timedelta

from local_mode import LocalMode, until


async def test_high_priority_starts_first_under_a_limit_of_one(local: LocalMode) -> None:
    local.write_settings(concurrency=1)
    marks = {name: local.folder / name for name in ("low", "medium", "high")}
    for name, priority in (("low", "low"), ("medium", 0), ("high", "high")):
        local.submit("Probe.mark", {"path": str(marks[name])}, name=name, priority=priority)
    await local.run(*marks)
    assert sorted(marks, key=lambda name: marks[name].stat().st_mtime_ns) == ["high", "medium", "low"]


async def test_twenty_jobs_never_run_more_than_four_at_once(local: LocalMode) -> None:
    folder = local.folder / "running"
    folder.mkdir()
    names = [
        local.submit("Probe.overlap", {"folder": str(folder), "seconds": 0.15}, name=f"job-{number}")
        for number in range(20)
    ]
    statuses = await local.run(*names)
    counts = [status["result"] for status in statuses]
    assert max(counts) <= 4
    assert max(counts) > 1


async def test_a_delay_of_an_hour_passes_with_the_clock_alone(local: LocalMode) -> None:
    offset = timedelta()

    def clock() -> datetime:
        return datetime.now(UTC) + offset

    local.submit("EmailJob.send", {"to": "a@example.org"}, name="later", delaySeconds=3600)
    async with local.engine(clock=clock) as engine:
        await until(lambda: local.status("later").get("reason") == "NotYetDue")
        offset = timedelta(seconds=3601)
        engine.wake()
        [status] = await local.ended("later")
    assert status["state"] == "Succeeded"
