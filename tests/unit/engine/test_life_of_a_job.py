"""The life of one BackgroundJob, from apply to its end, told by its writes and its status."""

from typing import Any

import pytest

from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_runner.contract import ExceptionDigest, FailureKind, ReceiptOutcome
from model_cluster import ModelCluster
from world import ENTRIES, World, settings

FAILED: dict[str, Any] = {
    "outcome": ReceiptOutcome.FAILED,
    "exit_code": 1,
    "failure": FailureKind.APP_ERROR,
    "exception": ExceptionDigest(type="ValueError", ancestors=("ValueError",), message="no", traceback="tb"),
}


@pytest.fixture
def world() -> World:
    return World()


async def run_and_end(world: World, key: ObjectKey, **end: Any) -> None:
    job = world.cluster.jobs_of(key)[-1]
    world.cluster.run(job)
    await world.advance(1)
    world.cluster.end(job, **end)
    await world.settle()


async def test_a_first_try_success_costs_three_writes_and_no_read(world: World) -> None:
    key = await world.apply()
    await run_and_end(world, key, result={"sent": True})
    assert world.state(key) == ("Succeeded", "Completed")
    assert world.cluster.status(key)["result"] == {"sent": True}
    assert world.cluster.status(key)["attemptSummary"] == "1/3"
    assert world.cluster.calls == ["create_job", "patch_status", "patch_status"]


async def test_an_outcome_known_before_running_was_written_costs_two_writes(world: World) -> None:
    key = await world.apply()
    world.cluster.end(world.cluster.jobs_of(key)[0])
    await world.settle()
    assert world.state(key) == ("Succeeded", "Completed")
    assert world.cluster.calls == ["create_job", "patch_status"]


async def test_a_failure_is_retried_at_the_time_the_status_names(world: World) -> None:
    key = await world.apply(retry={"delaySeconds": 30, "jitterPercent": 0})
    await run_and_end(world, key, **FAILED)
    assert world.state(key) == ("Retrying", "BackOff")
    assert world.cluster.status(key)["nextRetryTime"] == "2026-01-01T12:00:31Z"  # ended at :01, 30 s later
    await world.advance(29.9)
    assert len(world.cluster.jobs_of(key)) == 1
    await world.advance(0.2)
    assert len(world.cluster.jobs_of(key)) == 2


async def test_the_third_charged_failure_of_three_is_the_last(world: World) -> None:
    key = await world.apply(retry={"delaySeconds": 1, "jitterPercent": 0})
    for _ in range(3):
        await run_and_end(world, key, **FAILED)
        await world.advance(10)
    status = world.cluster.status(key)
    assert world.state(key) == ("Failed", "RetriesExhausted")
    assert (status["attemptCount"], status["attemptSummary"], len(world.cluster.created_jobs)) == (
        3,
        "3/3",
        3,
    )
    assert [one["exception"]["type"] for one in status["attempts"]] == ["ValueError"] * 3
    assert [one["exception"].get("traceback") for one in status["attempts"]] == [None, None, "tb"]
    conditions = {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}
    assert conditions == {"Accepted": ("True", "Allowed"), "Failed": ("True", "RetriesExhausted")}


async def test_the_events_tell_each_failure_and_the_end_once(world: World) -> None:
    key = await world.apply(retry={"maxAttempts": 2, "delaySeconds": 1})
    for _ in range(2):
        await run_and_end(world, key, **FAILED)
        await world.advance(10)
    told = [(event.type, event.reason, event.note) for event in world.cluster.events.values()]
    assert told == [
        ("Warning", "AppError", "attempt 1 ended: AppError: ValueError"),
        ("Warning", "AppError", "attempt 2 ended: AppError: ValueError"),
        ("Warning", "RetriesExhausted", "no further attempt after attempt 2"),
    ]


async def test_a_fatal_failure_is_not_retried(world: World) -> None:
    key = await world.apply()
    await run_and_end(world, key, **{**FAILED, "failure": FailureKind.FATAL})
    assert world.state(key) == ("Failed", "NotRetryable")


async def test_retry_later_sets_the_delay_that_the_code_asked_for(world: World) -> None:
    key = await world.apply()
    await run_and_end(world, key, outcome=ReceiptOutcome.RETRY_LATER, exit_code=75, retry_after_seconds=120)
    assert world.cluster.status(key)["nextRetryTime"] == "2026-01-01T12:02:01Z"


async def test_a_delay_is_waited_for_without_a_job(world: World) -> None:
    key = await world.apply(delaySeconds=60)
    assert world.state(key) == ("Waiting", "NotYetDue")
    assert world.cluster.calls == ["patch_status"]
    await world.advance(59)
    assert world.cluster.created_jobs == []
    await world.advance(1)
    assert len(world.cluster.created_jobs) == 1


async def test_a_time_in_the_past_means_now(world: World) -> None:
    key = await world.apply(runAt="2025-01-01T00:00:00Z")
    assert len(world.cluster.jobs_of(key)) == 1


async def test_a_method_outside_the_allow_list_is_rejected_and_creates_no_job(world: World) -> None:
    key = await world.apply(method="sent")
    assert world.state(key) == ("Rejected", "NotAllowed")
    assert "did you mean EmailJob.send?" in world.cluster.status(key)["message"]
    assert world.cluster.created_jobs == []


async def test_bad_params_are_rejected_by_name(world: World) -> None:
    key = await world.apply(params={"too": "a"})
    assert world.state(key) == ("Rejected", "InvalidParams")
    assert "params.to is missing" in world.cluster.status(key)["message"]


async def test_an_invalid_stored_spec_is_rejected(world: World) -> None:
    key = await world.apply(timeoutSeconds="soon")
    assert world.state(key) == ("Rejected", "InvalidSpec")
    assert "spec.timeoutSeconds" in world.cluster.status(key)["message"]


async def test_without_an_allow_list_it_waits_and_goes_on_when_there_is_one() -> None:
    world = World(with_settings=settings(entries=None))
    key = await world.apply()
    assert world.state(key) == ("Waiting", "AllowListUnavailable")
    world.planner.change_settings(settings())
    await world.settle()
    assert len(world.cluster.jobs_of(key)) == 1


async def test_an_entry_removed_meanwhile_stops_the_next_attempt(world: World) -> None:
    key = await world.apply(retry={"delaySeconds": 5})
    await run_and_end(world, key, **FAILED)
    world.planner.change_settings(settings(entries={}))
    await world.advance(60)
    assert world.state(key) == ("Rejected", "NotAllowed")
    assert len(world.cluster.created_jobs) == 1


async def test_a_slow_start_is_shown_once(world: World) -> None:
    key = await world.apply()
    world.cluster.pend(world.cluster.jobs_of(key)[0])
    await world.advance(9)
    assert world.state(key) == (None, None)
    await world.advance(2)
    assert world.state(key) == ("Running", "Starting")
    await world.advance(60)
    assert world.cluster.calls == ["create_job", "patch_status"]


async def test_an_attempt_that_never_starts_is_stopped_and_not_charged() -> None:
    world = World(with_settings=settings(times={"startDeadlineSeconds": 30}))
    key = await world.apply()
    world.cluster.pend(world.cluster.jobs_of(key)[0], "ImagePullBackOff")
    await world.advance(29)
    assert world.state(key) == ("Running", "ImagePull")
    await world.advance(1)
    status = world.cluster.status(key)
    assert world.state(key) == ("Retrying", "BackOff")
    assert status["attempts"][0]["cause"] == "StartFailed"
    assert (status["attemptCount"], status["disruptionCount"]) == (0, 1)
    await world.advance(20)
    assert len(world.cluster.created_jobs) == 2


async def test_what_a_quota_held_back_has_its_whole_start_deadline_once_it_gets_a_pod() -> None:
    world = World(with_settings=settings(times={"startDeadlineSeconds": 30}))
    key = await world.apply()
    await world.advance(100)
    assert world.state(key) == ("Running", "QuotaExceeded")
    (job,) = world.cluster.jobs_of(key)
    world.cluster.pend(job)
    await world.advance(29)
    assert world.state(key) == ("Running", "Starting")
    world.cluster.end(job, ReceiptOutcome.SUCCEEDED)
    await world.settle()
    assert world.state(key) == ("Succeeded", "Completed")
    assert world.cluster.created_jobs == [job]


async def test_cancel_before_the_start_ends_it_without_a_job(world: World) -> None:
    key = await world.apply(delaySeconds=60)
    world.cluster.edit(key, cancel=True)
    await world.settle()
    assert world.state(key) == ("Cancelled", "CancelRequested")
    assert world.cluster.created_jobs == []


async def test_cancel_while_running_stops_the_job(world: World) -> None:
    key = await world.apply()
    job = world.cluster.jobs_of(key)[0]
    world.cluster.run(job)
    await world.settle()
    world.cluster.edit(key, cancel=True)
    await world.settle()
    await world.advance(400)
    assert world.state(key) == ("Cancelled", "CancelRequested")
    assert world.cluster.objects["Job"] == {}


async def test_suspend_holds_back_and_resume_goes_on(world: World) -> None:
    key = await world.apply(suspend=True)
    assert world.state(key) == ("Waiting", "Suspended")
    world.cluster.edit(key, suspend=False)
    await world.settle()
    assert len(world.cluster.jobs_of(key)) == 1


async def test_a_deadline_ends_a_waiting_object(world: World) -> None:
    key = await world.apply(suspend=True, deadlineSeconds=100)
    await world.advance(100)
    assert world.state(key) == ("Failed", "DeadlineExceeded")


async def test_a_restart_grants_fresh_budgets_and_keeps_the_ledger(world: World) -> None:
    key = await world.apply(retry={"maxAttempts": 1})
    await run_and_end(world, key, **FAILED)
    assert world.state(key) == ("Failed", "RetriesExhausted")
    world.cluster.edit(key, restarts=1)
    await world.settle()
    await run_and_end(world, key)
    status = world.cluster.status(key)
    assert world.state(key) == ("Succeeded", "Completed")
    assert [one["number"] for one in status["attempts"]] == [1, 2]
    assert (status["attemptCount"], status["restartsObserved"]) == (1, 1)


async def test_the_object_goes_when_its_time_to_live_is_over(world: World) -> None:
    key = await world.apply(ttlSecondsAfterFinished=100)
    await run_and_end(world, key)
    await world.advance(101)
    assert (key.namespace, key.name) not in world.cluster.objects["BackgroundJob"]


async def test_a_job_deleted_by_somebody_is_a_disruption_and_is_tried_again(world: World) -> None:
    key = await world.apply()
    job = world.cluster.jobs_of(key)[0]
    world.cluster.run(job)
    await world.settle()
    await world.cluster.delete_job(
        "default", job, world.cluster.objects["Job"][("default", job)]["metadata"]["uid"]
    )
    await world.advance(700)
    status = world.cluster.status(key)
    assert status["attempts"][0]["charged"] is False
    assert len(world.cluster.created_jobs) == 2


async def test_memory_follows_what_lives(world: World) -> None:
    for number in range(5):
        key = await world.apply(f"mail-{number}", ttlSecondsAfterFinished=1)
        await run_and_end(world, key)
    await world.advance(10)
    assert world.cluster.objects["BackgroundJob"] == {}
    assert world.store.records == {}


async def test_a_new_life_plans_nothing_for_what_is_done(world: World) -> None:
    key = await world.apply()
    await run_and_end(world, key)
    world.start()
    await world.settle()
    assert world.cluster.calls == ["create_job", "patch_status", "patch_status"]
    assert isinstance(world.cluster, ModelCluster)


async def test_a_job_whose_pod_has_ended_is_left_to_finish_and_keeps_its_log(world: World) -> None:
    key = await world.apply()
    job = world.cluster.jobs_of(key)[0]
    world.cluster.end_pod(job)
    await world.settle()
    assert world.state(key) == ("Succeeded", "Completed")
    world.cluster.finish(job, failed=False)
    await world.settle()
    assert world.cluster.calls == ["create_job", "patch_status"]


async def test_a_first_delay_above_the_default_ceiling_is_kept(world: World) -> None:
    key = await world.apply(retry={"delaySeconds": 900, "jitterPercent": 0})
    await run_and_end(world, key, **FAILED)
    assert world.cluster.status(key)["nextRetryTime"] == "2026-01-01T12:15:01Z"  # 12:00:01 + 900 s


async def test_the_deadline_of_the_allow_list_entry_counts_where_the_object_names_none() -> None:
    entry = {**ENTRIES["EmailJob.send"], "defaults": {"deadlineSeconds": 50}}
    world = World(with_settings=settings(entries={"EmailJob.send": entry}))
    key = await world.apply(suspend=True)
    await world.advance(49)
    assert world.state(key) == ("Waiting", "Suspended")
    await world.advance(1)
    assert world.state(key) == ("Failed", "DeadlineExceeded")


async def test_a_sentence_too_long_for_the_status_is_cut() -> None:
    properties: dict[str, object] = {
        f"a_rather_long_name_of_a_parameter_{number:03}": {} for number in range(60)
    }
    entry = {**ENTRIES["EmailJob.send"], "params": {"type": "object", "properties": properties}}
    world = World(with_settings=settings(entries={"EmailJob.send": entry}))
    key = await world.apply(params={"zzz": 1})
    assert world.state(key) == ("Rejected", "InvalidParams")
    assert len(world.cluster.status(key)["message"]) == 1024


async def test_waiting_for_quota_uses_up_no_budget_even_when_the_job_ends_it(world: World) -> None:
    key = await world.apply(retry={"maxDisruptions": 0})
    for number in (1, 2):
        job = world.cluster.jobs_of(key)[-1]
        world.cluster.exceed_deadline(job)
        await world.advance(400)
        assert world.cluster.status(key)["disruptionCount"] == 0
        assert len(world.cluster.created_jobs) == number + 1
