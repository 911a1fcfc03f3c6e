"""Parameters from Secrets: files in the state directory instead of a kubelet's projection."""

import hashlib
import hmac
import stat
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backgroundjob.api.labels import KIND
from local_mode import LocalMode, until

VALUE = "not-for-anybody"
SOURCE = {"secretKeyRef": {"name": "webhook", "key": "signing-key"}}


def submit(local: LocalMode, **spec: Any) -> str:
    params_from = [{"name": "signing_key", **SOURCE}]
    return local.submit(
        "WebhookJob.notify", {"event": "shipped"}, name="webhook", paramsFrom=params_from, **spec
    )


def pod_waits(local: LocalMode) -> dict[str, str]:
    """The waiting state of the one pod; empty before it has one."""
    states = [
        one["state"]
        for pod in local.objects.list("Pod")
        for one in pod["status"].get("containerStatuses", ())
    ]
    return states[0].get("waiting", {}) if states else {}


def everything_written(local: LocalMode) -> str:
    """All files of the state directory but the Secrets themselves."""
    files = [path for path in local.state.path.rglob("*") if path.is_file()]
    return "".join(
        path.read_bytes().decode("utf-8", "replace")
        for path in files
        if local.state.secrets not in path.parents
    )


async def test_a_parameter_comes_from_the_file_of_its_key(local: LocalMode) -> None:
    local.secret("webhook", "signing-key", VALUE.encode() + b"\n")
    [status] = await local.run(submit(local))
    signature = hmac.new(VALUE.encode(), b"shipped", hashlib.sha256).hexdigest()
    assert status["result"] == {"event": "shipped", "signature": f"sha256={signature}"}
    assert VALUE not in everything_written(local)


async def test_what_leaks_is_redacted_everywhere_and_the_files_go_with_the_attempt(local: LocalMode) -> None:
    local.secret("webhook", "signing-key", VALUE.encode())
    params_from = [{"name": "token", **SOURCE}]
    local.submit("Hostile.leak", name="leak", paramsFrom=params_from, retry={"maxAttempts": 1})
    async with local.engine():
        await local.ended("leak")
        await until(lambda: not list(local.state.attempts.iterdir()))
    assert VALUE not in everything_written(local)
    assert "[redacted]" in everything_written(local)


async def test_only_the_owner_reads_the_files_of_an_attempt(local: LocalMode) -> None:
    path = local.folder / "mark"
    local.secret("webhook", "signing-key", str(path).encode())
    params_from = [{"name": "path", **SOURCE}]
    local.submit("Probe.mark", {"seconds": 60}, name="job", paramsFrom=params_from)
    async with local.engine():
        await until(path.exists)
        [folder] = local.state.attempts.glob("*/params")
        modes = [stat.S_IMODE(one.stat().st_mode) for one in (local.state.secrets, folder, folder / "path")]
        assert modes == [0o700, 0o700, 0o600]
        local.backend.delete("default", "job")
        await until(lambda: not list(local.state.attempts.iterdir()))


@pytest.mark.parametrize("has_secret", [False, True])
async def test_an_attempt_waits_for_a_missing_key_and_starts_when_it_appears(
    local: LocalMode, has_secret: bool
) -> None:
    if has_secret:
        local.secret("webhook", "other", b"x")
    submit(local)
    async with local.engine():
        await until(lambda: bool(pod_waits(local)))
        what = "Secret webhook has no key signing-key" if has_secret else "there is no Secret webhook"
        path = local.state.secrets / "default" / "webhook" / "signing-key"
        assert pod_waits(local) == {
            "reason": "CreateContainerConfigError",
            "message": f"{what}: put the value of key signing-key into the file {path}",
        }
        local.secret("webhook", "signing-key", VALUE.encode())
        [status] = await local.ended("webhook")
    assert (status["state"], status["attemptSummary"]) == ("Succeeded", "1/3")


async def test_the_status_says_what_is_missing_and_the_start_deadline_decides(local: LocalMode) -> None:
    offset = timedelta()
    submit(local, retry={"maxDisruptions": 0})
    async with local.engine(clock=lambda: datetime.now(UTC) + offset) as engine:
        await until(lambda: bool(pod_waits(local)))
        offset = timedelta(seconds=11)
        engine.wake()
        await until(lambda: local.status("webhook").get("reason") == "Starting")
        assert "there is no Secret webhook: put the value of key" in local.status("webhook")["message"]
        offset = timedelta(seconds=301)
        engine.wake()
        [status] = await local.ended("webhook")
    assert (status["state"], status["reason"]) == ("Failed", "DisruptionsExhausted")
    [attempt] = status["attempts"]
    assert (attempt["cause"], attempt["charged"]) == ("StartFailed", False)
    assert "CreateContainerConfigError (there is no Secret webhook" in attempt["message"]
    assert local.objects.list("Pod") == ()


async def test_a_job_that_waits_for_a_secret_can_be_cancelled(local: LocalMode) -> None:
    submit(local)
    async with local.engine():
        await until(lambda: bool(pod_waits(local)))
        local.objects.patch(KIND, "default", "webhook", {"spec": {"cancel": True}})
        [status] = await local.ended("webhook")
    assert (status["state"], status["reason"]) == ("Cancelled", "CancelRequested")


async def test_a_stopped_engine_leaves_what_waits_for_a_secret_to_the_next_one(local: LocalMode) -> None:
    submit(local)
    async with local.engine() as engine:
        await until(lambda: bool(pod_waits(local)))
        assert await engine.stop_attempts() == 0
    local.secret("webhook", "signing-key", VALUE.encode())
    [status] = await local.run("webhook")
    assert (status["state"], status.get("disruptionCount", 0)) == ("Succeeded", 0)
