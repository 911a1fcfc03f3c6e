"""SEC-04: what the allow-list no longer allows does not start, whether it waits, is delayed or backs off."""

from typing import Any

import pytest

from backgroundjob_runner.contract import ReceiptOutcome
from world import ENTRIES, World, settings

ENTRY = ENTRIES["EmailJob.send"]
NARROWED: dict[str, tuple[dict[str, Any], str]] = {
    "the method is gone": ({}, "NotAllowed"),
    "the namespace is no longer allowed": (
        {"EmailJob.send": {**ENTRY, "namespaces": ["shop"]}},
        "NotAllowed",
    ),
    "the parameter is no longer known": (
        {"EmailJob.send": {**ENTRY, "params": {"type": "object", "properties": {}}}},
        "InvalidParams",
    ),
    "the time is no longer granted": (
        {"EmailJob.send": {**ENTRY, "limits": {"timeoutSeconds": 1}}},
        "InvalidSpec",
    ),
    "the profile is gone": ({"EmailJob.send": {**ENTRY, "profile": "gone"}}, "InvalidSpec"),
}


@pytest.mark.parametrize("change", NARROWED)
async def test_sec_04_a_delayed_job_is_asked_again_before_its_start(change: str) -> None:
    entries, reason = NARROWED[change]
    world = World()
    key = await world.apply(delaySeconds=60, timeoutSeconds=60)
    world.planner.change_settings(settings(entries))
    await world.advance(120)
    assert (world.state(key), world.cluster.created_jobs) == (("Rejected", reason), [])


@pytest.mark.parametrize("change", NARROWED)
async def test_sec_04_a_retry_is_asked_again_before_its_attempt(change: str) -> None:
    entries, reason = NARROWED[change]
    world = World()
    key = await world.apply(timeoutSeconds=60)
    world.cluster.end(world.cluster.created_jobs[0], ReceiptOutcome.FAILED, 1)
    await world.settle()
    world.planner.change_settings(settings(entries))
    await world.advance(3600)
    assert (world.state(key)[1], len(world.cluster.created_jobs)) == (reason, 1)
