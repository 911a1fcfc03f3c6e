"""docs/lifecycle.md is true: its diagram, its tables and its example are run."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from backgroundjob.api.reasons import Cause, Outcome, Reason, State
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob.policy.delays import disruption_delay, retry_delay
from backgroundjob.policy.effective import Effective, resolve
from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_operator.engine.outcome_verdict import outcome_of
from backgroundjob_runner.contract import FailureKind, ReceiptOutcome
from world import EMAIL, World, settings

PAGE = (Path(__file__).parents[3] / "docs" / "lifecycle.md").read_text()


def table(header: str) -> list[list[str]]:
    """Rows of the table with that first header cell, without the header."""
    start = PAGE.index(f"| {header} |")
    rows = PAGE[start:].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_state_and_every_reason_has_its_place() -> None:
    told = {state: reasons.split(", ") for state, reasons in table("state")}
    assert set(told) == set(State)
    assert sorted(reason for reasons in told.values() for reason in reasons) == sorted(Reason)


@pytest.mark.parametrize(("cause", "outcome", "budget"), table("cause"))
def test_the_cause_table_is_the_classifiers(cause: str, outcome: str, budget: str) -> None:
    assert outcome_of(Cause(cause)) == outcome
    budgets = {Outcome.FAILED: "maxAttempts", Outcome.DISRUPTED: "maxDisruptions"}
    assert budget.partition(",")[0] == budgets.get(Outcome(outcome), "nothing")


def test_the_cause_table_is_complete() -> None:
    assert sorted(row[0] for row in table("cause")) == sorted(Cause)


def resolved(retry: dict[str, Any]) -> Effective:
    spec = BackgroundJobSpec.model_validate({**EMAIL, "retry": {**retry, "jitterPercent": 0}})
    allow_list = settings().allow_list
    assert allow_list is not None
    effective = resolve(spec, allow_list.entries["EmailJob.send"].entry, settings().config)
    assert isinstance(effective, Effective)
    return effective


@pytest.mark.parametrize(("retry", "delays"), table("retry"))
def test_the_retry_arithmetic(retry: str, delays: str) -> None:
    policy = resolved(yaml.safe_load(retry.strip("`"))).retry
    found = [retry_delay(policy, failures, "uid").total_seconds() for failures in range(1, 6)]
    assert found == [float(delay) for delay in delays.split(", ")]


def test_the_delays_of_ends_that_are_not_charged() -> None:
    told = re.search(r"not charged waits\n([\d, ]+) s", PAGE)
    assert told is not None
    found = [disruption_delay(number).total_seconds() for number in range(1, 9)]
    assert found == [float(delay) for delay in told.group(1).split(", ")]


async def test_the_example_starts_when_the_page_says() -> None:
    pattern = r"```yaml\n(.*?)```\n\n.*?starts at ([\d, ]+) s and ends as (\w+)/(\w+)"
    example = re.search(pattern, PAGE, re.DOTALL)
    assert example is not None
    spec, starts, state, reason = example.groups()
    world = World()
    key = world.cluster.apply("mail", yaml.safe_load(spec))
    begin, found = world.cluster.now, list[int]()
    while not world.cluster.status(key).get("completionTime"):
        await world.advance(0)
        if len(world.cluster.created_jobs) > len(found):
            found.append(int((world.cluster.now - begin).total_seconds()))
            world.cluster.end(world.cluster.created_jobs[-1], None, exit_code=1)
        else:
            await world.advance(1)
    assert found == [int(start) for start in starts.split(", ")]
    assert world.state(key) == (state, reason)


def diagram() -> set[tuple[str, str]]:
    return set(re.findall(r"^    (\w+) --> (\w+)$", PAGE, re.MULTILINE))


class Recorder(World):
    """A world that notes every change of state that is written."""

    def __init__(self, **topics: Any) -> None:
        super().__init__(with_settings=settings(**topics))
        self.seen: set[tuple[str, str]] = set()
        patch_status = self.cluster.patch_status

        async def noted(key: ObjectKey, patch: Any, resource_version: str) -> dict[str, Any]:
            before = self.cluster.status(key).get("state", "New")
            document = await patch_status(key, patch, resource_version)
            after = document["status"].get("state", "New")
            if after not in (before, "New"):
                self.seen.add((str(before), str(after)))
            return document

        self.cluster.patch_status = noted  # type: ignore[method-assign]


async def fail(world: World, key: ObjectKey, *, run: bool, **end: Any) -> None:
    job = world.cluster.jobs_of(key)[-1]
    if run:
        world.cluster.run(job)
        await world.settle()
    world.cluster.end(job, **{"outcome": None, "exit_code": 1, **end})
    await world.settle()


FATAL = {"outcome": ReceiptOutcome.FAILED, "failure": FailureKind.FATAL}


async def ends_of_an_attempt() -> AsyncIterator[Recorder]:
    for run in (False, True):
        for end in ({}, FATAL, {"outcome": ReceiptOutcome.SUCCEEDED, "exit_code": 0}):
            world = Recorder()
            await fail(world, await world.apply(), run=run, **end)
            yield world
    for run in (False, True):
        world = Recorder()
        key = await world.apply()
        if run:
            world.cluster.run(world.cluster.jobs_of(key)[0])
            await world.settle()
        world.cluster.edit(key, cancel=True)
        await world.advance(400)
        yield world


async def waits() -> AsyncIterator[Recorder]:
    changes: list[Callable[[World, ObjectKey], object]] = [
        lambda world, key: world.cluster.edit(key, suspend=False),
        lambda world, key: world.cluster.edit(key, cancel=True),
        lambda world, key: world.planner.change_settings(settings(entries={})),
        lambda world, key: None,
    ]
    for change in changes:
        world = Recorder()
        key = await world.apply(suspend=True, deadlineSeconds=100)
        change(world, key)
        await world.settle()
        if world.cluster.jobs_of(key):
            world.cluster.run(world.cluster.jobs_of(key)[0])
        await world.advance(100)
        yield world
    for spec in ({"method": "no"}, {"cancel": True}, {"dependsOn": [{"name": "mail"}]}):
        world = Recorder()
        await world.apply(**spec)
        yield world


async def queues() -> AsyncIterator[Recorder]:
    for change in ({"suspend": False}, {"cancel": True}, {"deadlineSeconds": 5}):
        world = Recorder(limits={"concurrency": 1})
        first = await world.apply("first")
        deadline = {"deadlineSeconds": 5} if "deadlineSeconds" in change else {}
        second = await world.apply("second", **deadline)
        await world.advance(3)
        if "cancel" in change:
            world.cluster.edit(second, **change)
        if "suspend" in change:
            world.cluster.end(world.cluster.jobs_of(first)[0])
            await world.settle()
            world.cluster.run(world.cluster.jobs_of(second)[0])
        await world.advance(10)
        yield world
    world = Recorder(limits={"concurrency": 1})
    await world.apply("delayed", delaySeconds=10)
    await world.apply("first")
    await world.advance(20)
    yield world


async def retries() -> AsyncIterator[Recorder]:
    async def retrying(world: World, **spec: Any) -> ObjectKey:
        key = await world.apply("retried", retry={"delaySeconds": 10, "jitterPercent": 0}, **spec)
        await fail(world, key, run=False)
        return key

    world = Recorder(limits={"concurrency": 1})
    await retrying(world)
    await world.apply("other")
    await world.advance(20)
    yield world
    world = Recorder()
    key = await retrying(world)
    await world.advance(11)
    world.cluster.run(world.cluster.jobs_of(key)[-1])
    await world.settle()
    yield world
    for edit, advance in (({"suspend": True}, 1), ({"cancel": True}, 1), ({}, 11)):
        world = Recorder()
        key = await retrying(world, deadlineSeconds=5) if not edit else await retrying(world)
        if edit:
            world.cluster.edit(key, **edit)
        await world.advance(advance)
        yield world
    world = Recorder()
    await retrying(world)
    world.planner.change_settings(settings(entries={}))
    await world.advance(20)
    yield world


async def test_the_diagram_has_every_change_of_state_that_happens_and_no_other() -> None:
    seen: set[tuple[str, str]] = set()
    for scenarios in (ends_of_an_attempt, waits, queues, retries):
        async for world in scenarios():
            seen |= world.seen
    assert seen - diagram() == set()
    assert diagram() - seen == set()
