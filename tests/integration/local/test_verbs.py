"""Verbs, why, settings and Events of local mode, with its real engine."""

import pytest

from backgroundjob import Handle
from backgroundjob.errors import Conflict, InvalidSpec, NotFound, NotPossible
from local_mode import LocalMode, until


def handle(local: LocalMode, name: str) -> Handle[object]:
    return Handle.get(name, backend=local.backend)


async def test_a_failed_job_runs_again_and_its_history_stays(local: LocalMode) -> None:
    local.submit("FailingJob.run", name="bad", retry={"maxAttempts": 1})
    await local.run("bad")
    with pytest.raises(NotPossible, match="nothing to cancel"):
        handle(local, "bad").cancel()
    handle(local, "bad").retry()
    (status,) = await local.run("bad")
    assert [attempt["number"] for attempt in status["attempts"]] == [1, 2]
    assert status["restartsObserved"] == 1
    reasons = [event["reason"] for event in local.backend.events("default", "bad")]
    assert reasons.count("RetriesExhausted") == 2


async def test_a_suspended_job_starts_when_it_is_resumed(local: LocalMode) -> None:
    local.submit("EmailJob.send", {"to": "a@example.org"}, name="mail", suspend=True)
    async with local.engine():
        await until(lambda: local.status("mail").get("reason") == "Suspended")
        handle(local, "mail").resume()
        await until(lambda: bool(local.status("mail").get("attempts")))


async def test_a_waiting_job_that_is_cancelled_never_starts(local: LocalMode) -> None:
    local.submit("EmailJob.send", {"to": "a@example.org"}, name="mail", delaySeconds=3600)
    handle(local, "mail").cancel()
    (status,) = await local.run("mail")
    assert (status["state"], status.get("attempts")) == ("Cancelled", None)


async def test_why_counts_those_ahead_and_names_the_limit(local: LocalMode) -> None:
    local.write_settings(queues={"mail": {"concurrency": 1}})
    local.submit("Hostile.sleep", {"seconds": 30}, name="mail-0", queue="mail")
    async with local.engine():
        await until(lambda: local.status("mail-0").get("state") == "Running")
        for number, priority in ((1, 100), (2, 0)):
            name = f"mail-{number}"
            local.submit("Hostile.sleep", {"seconds": 30}, name=name, queue="mail", priority=priority)
        await until(lambda: local.status("mail-2").get("state") == "Queued")
        found = local.backend.why("default", "mail-2")
        assert (found.ahead, found.limited_by, found.limit) == (1, "queue mail", 1)
        assert found.sentence.startswith("mail-2 waits: 1 ahead in queue mail, limit 1")
        assert found.missing == ""
        assert local.backend.why("default", "mail-0").sentence.startswith("mail-0 is Running")
        for name in ("mail-2", "mail-1", "mail-0"):
            handle(local, name).cancel()
        await local.ended("mail-0", "mail-1", "mail-2")


def test_why_says_that_no_engine_runs(local: LocalMode) -> None:
    local.submit("EmailJob.send", {"to": "a"}, name="mail")
    found = local.backend.why("default", "mail")
    assert found.sentence == "mail is not seen by the operator"
    assert found.missing == "no engine runs: start one with bgjob dev"


def test_settings_are_those_of_the_file(local: LocalMode) -> None:
    found = local.backend.settings()
    assert found.allow_list is not None
    assert "EmailJob.send" in found.allow_list
    assert found.config is not None
    assert "profiles" in found.config


def test_a_settings_file_that_is_missing_is_named(local: LocalMode) -> None:
    local.options.settings_file.unlink()
    found = local.backend.settings()
    assert (found.allow_list, found.config) == (None, None)
    assert str(local.options.settings_file) in found.missing[0]
    local.submit("EmailJob.send", {"to": "a"}, name="mail")
    assert local.backend.why("default", "mail").missing


def test_a_patch_obeys_version_bounds_and_immutability(local: LocalMode) -> None:
    local.submit("EmailJob.send", {"to": "a"}, name="mail")
    version = local.get("mail")["metadata"]["resourceVersion"]
    with pytest.raises(InvalidSpec, match="queue is immutable"):
        local.backend.patch_spec("default", "mail", {"queue": "mail"}, version)
    with pytest.raises(InvalidSpec, match=r"spec\.priority"):
        local.backend.patch_spec("default", "mail", {"priority": 9999}, version)
    changed = local.backend.patch_spec("default", "mail", {"priority": 5}, version)
    assert (changed["spec"]["priority"], changed["metadata"]["generation"]) == (5, 2)
    with pytest.raises(Conflict):
        local.backend.patch_spec("default", "mail", {"priority": 6}, version)
    with pytest.raises(NotFound):
        local.backend.patch_spec("default", "other", {"priority": 6}, version)


async def test_a_restart_that_has_to_wait_is_no_failure_of_the_engine(
    local: LocalMode, caplog: pytest.LogCaptureFixture
) -> None:
    local.submit("EmailJob.send", {"to": "a@example.org"}, name="mail", suspend=True)
    handle(local, "mail").cancel()
    await local.run("mail")
    handle(local, "mail").retry()
    async with local.engine():
        await until(lambda: local.status("mail").get("reason") == "Suspended")
    assert caplog.messages == []
