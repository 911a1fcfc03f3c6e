"""How jobs end: real processes of the real runner, classified by the operator's own rules."""

from datetime import UTC, datetime, timedelta
from math import ceil

from backgroundjob.policy.delays import retry_delay
from backgroundjob.policy.effective import RetryPolicy
from local_mode import LocalMode


async def test_a_job_succeeds_with_its_result_and_one_job(local: LocalMode) -> None:
    local.submit("EmailJob.send", {"to": "a@example.org"}, name="mail")
    [status] = await local.run("mail")
    assert status["state"] == "Succeeded"
    assert status["result"] == {"to": "a@example.org", "subject": "Hello"}
    assert status["attemptSummary"] == "1/3"
    assert len(local.jobs_of("mail")) == 1


async def test_a_job_that_always_fails_is_exhausted_after_three_charged_attempts(local: LocalMode) -> None:
    local.submit("FailingJob.run", name="broken")
    [status] = await local.run_without_waits("broken")
    assert (status["state"], status["reason"]) == ("Failed", "RetriesExhausted")
    assert [(one["cause"], one["charged"], one["exitCode"]) for one in status["attempts"]] == [
        ("AppError", True, 1)
    ] * 3
    assert status["attempts"][-1]["exception"]["type"] == "jobs.failing.BrokenOrderError"


async def test_next_retry_time_is_the_end_plus_the_jittered_delay_rounded_up(local: LocalMode) -> None:
    retry = {"delaySeconds": 1, "backoff": "Linear", "jitterPercent": 50, "maxAttempts": 3}
    local.submit("FailingJob.run", name="broken", retry=retry)
    await local.run_without_waits("broken")
    policy = RetryPolicy(delay_seconds=1, backoff="Linear", jitter_percent=50)  # type: ignore[arg-type]
    uid = local.get("broken")["metadata"]["uid"]
    told = [one["status"] for one in local.transitions if one["status"]["state"] == "Retrying"]
    assert len(told) == 2
    for failures, status in enumerate(told, start=1):
        end = datetime.fromisoformat(status["attempts"][-1]["finishTime"])
        exact = end + retry_delay(policy, failures, uid)
        expected = datetime.fromtimestamp(ceil(exact.timestamp()), UTC)
        assert datetime.fromisoformat(status["nextRetryTime"]) == expected


async def test_no_attempt_starts_before_its_next_retry_time(local: LocalMode) -> None:
    local.submit("InvoiceJob.create", {"number": 7}, name="invoice", retry={"delaySeconds": 1})
    [status] = await local.run("invoice")
    first, second = status["attempts"]
    waited = datetime.fromisoformat(second["startTime"]) - datetime.fromisoformat(first["finishTime"])
    assert waited >= timedelta(seconds=1)


async def test_an_invoice_fails_once_and_succeeds_at_attempt_two(local: LocalMode) -> None:
    local.submit("InvoiceJob.create", {"number": 7}, name="invoice")
    [status] = await local.run_without_waits("invoice")
    assert (status["state"], status["result"]) == ("Succeeded", {"number": 7, "attempt": 2})
    assert [job["metadata"]["labels"]["backgroundjob.dev/attempt"] for job in local.jobs_of("invoice")] == [
        "1",
        "2",
    ]


async def test_leaving_without_a_receipt_is_no_receipt_and_garbage_is_none_either(local: LocalMode) -> None:
    once = {"maxAttempts": 1}
    names = [
        local.submit("Hostile.exit", name="exit", retry=once),
        local.submit("Hostile.exit", {"code": 7}, name="crash", retry=once),
        local.submit("Hostile.forge", name="forge", retry=once),
        local.submit("Hostile.garbage", name="garbage", retry=once),
    ]
    ends = await local.run(*names)
    assert [end["attempts"][0].get("cause") for end in ends] == ["NoReceipt", "Crash", "NoReceipt", None]
    assert ends[1]["attempts"][0]["exitCode"] == 7
    assert (ends[3]["state"], ends[3]["result"]) == ("Succeeded", "done")


async def test_a_target_that_cannot_be_imported_is_not_tried_again(local: LocalMode) -> None:
    local.submit("Missing.run", name="missing")
    [status] = await local.run("missing")
    assert (status["state"], status["reason"]) == ("Failed", "NotRetryable")
    assert [one["cause"] for one in status["attempts"]] == ["NotLoadable"]


async def test_a_job_over_its_time_is_stopped_by_its_runner(local: LocalMode) -> None:
    local.submit("Hostile.sleep", {"seconds": 60}, name="slow", timeoutSeconds=1, retry={"maxAttempts": 1})
    [status] = await local.run("slow")
    assert [(one["cause"], one["exitCode"]) for one in status["attempts"]] == [("Timeout", 124)]


async def test_a_method_outside_the_allow_list_starts_no_process(local: LocalMode) -> None:
    local.submit("EmailJob.sendd", name="typo")
    [status] = await local.run("typo")
    assert (status["state"], status["reason"]) == ("Rejected", "NotAllowed")
    assert "did you mean EmailJob.send?" in status["message"]
    assert local.jobs_of("typo") == []
    assert list(local.state.attempts.iterdir()) == []
    assert list(local.state.logs.iterdir()) == []


async def test_a_process_that_cannot_be_started_is_a_start_failure(local: LocalMode) -> None:
    local.submit("EmailJob.send", {"to": "a@example.org"}, name="mail", retry={"maxDisruptions": 0})
    (local.options.working_directory / "jobs").rename(local.folder / "elsewhere")
    (local.options.working_directory / "probe.py").unlink()
    local.options.working_directory.rmdir()
    [status] = await local.run("mail")
    assert (status["state"], status["reason"]) == ("Failed", "DisruptionsExhausted")
    assert [one["cause"] for one in status["attempts"]] == ["StartFailed"]
