"""What a start that does not come says about the Secrets it needs."""

from dataclasses import replace
from typing import Any

import pytest

from backgroundjob.api.limits import ATTEMPT_MESSAGE_LIMIT, MESSAGE_LIMIT
from backgroundjob.api.reasons import Cause, Outcome
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob_operator.engine.outcome_verdict import Verdict
from backgroundjob_operator.engine.outcome_wait import Undecided
from backgroundjob_operator.engine.secrets import missing_secret_hint, with_secret_hint
from world import ENTRIES, World, settings

SENTENCE = "it waits for its volumes, or for its image: check that there is key token of Secret smtp"
STUCK = Verdict(
    outcome=Outcome.DISRUPTED,
    cause=Cause.START_FAILED,
    never_started=True,
    waiting_reason="ContainerCreating",
    message="it never started: ContainerCreating",
)


def spec(*sources: tuple[str, str]) -> BackgroundJobSpec:
    """EmailJob.send with one secret param for each (Secret, key)."""
    return BackgroundJobSpec.model_validate(
        {
            "class": "EmailJob",
            "method": "send",
            "paramsFrom": [
                {"name": f"p{number}", "secretKeyRef": {"name": name, "key": key}}
                for number, (name, key) in enumerate(sources)
            ],
        }
    )


SMTP = spec(("smtp", "token"))


def test_a_start_that_does_not_come_names_the_secret_and_its_key() -> None:
    assert missing_secret_hint(SMTP, "ContainerCreating") == SENTENCE


def test_every_source_is_named_once_in_the_order_of_the_object() -> None:
    hint = missing_secret_hint(spec(("b", "x"), ("a", "y"), ("b", "x")), "ContainerCreating")

    assert hint is not None
    assert hint.endswith("there is key x of Secret b, key y of Secret a")


@pytest.mark.parametrize("reason", [None, "ImagePullBackOff", "Unschedulable", "CreateContainerConfigError"])
def test_a_start_that_waits_for_something_else_is_left_alone(reason: str | None) -> None:
    assert missing_secret_hint(SMTP, reason) is None


def test_without_secret_params_and_without_a_readable_spec_there_is_nothing_to_say() -> None:
    assert missing_secret_hint(spec(), "ContainerCreating") is None
    assert missing_secret_hint(None, "ContainerCreating") is None


def test_sixteen_sources_fit_into_the_message_of_an_attempt() -> None:
    sources = [(f"a-rather-long-name-of-a-secret-{number:02}", f"key-{number:02}") for number in range(16)]
    message = with_secret_hint(STUCK, spec(*sources)).message

    assert len(message) <= ATTEMPT_MESSAGE_LIMIT
    assert message.endswith("key-01 of Secret a-rather-long-name-of-a-secret-01 and 14 more")


def test_the_longest_names_fit_into_the_status() -> None:
    hint = missing_secret_hint(spec(("s" * 253, "k" * 253), ("t" * 253, "k")), "ContainerCreating")

    assert hint is not None
    assert len(hint) <= MESSAGE_LIMIT
    assert f"key {'k' * 253} of Secret {'s' * 253} and 1 more" in hint


def test_the_verdict_says_the_same_as_the_wait_did() -> None:
    assert with_secret_hint(STUCK, SMTP) == replace(STUCK, message=f"it never started: {SENTENCE}")


WAITING = Undecided(waiting_reason="ContainerCreating", message="Pod mail-1 waits: ContainerCreating")


def test_the_wait_says_it_instead_of_the_pods_bare_reason() -> None:
    assert with_secret_hint(WAITING, SMTP) == replace(WAITING, message=SENTENCE)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(replace(STUCK, waiting_reason="ImagePullBackOff"), id="another reason"),
        pytest.param(replace(STUCK, cause=Cause.JOB_DELETED), id="another cause"),
        pytest.param(replace(STUCK, never_started=False), id="it had started"),
        pytest.param(replace(WAITING, waiting_reason=None), id="no reason yet"),
        pytest.param(replace(WAITING, stopping=True), id="it is being stopped"),
        pytest.param(replace(WAITING, started=True), id="it runs"),
    ],
)
def test_an_answer_about_something_else_is_left_alone(answer: Verdict | Undecided) -> None:
    assert with_secret_hint(answer, SMTP) is answer


BOTH: dict[str, Any] = {"to": {}, "token": {}}
ENTRY = {**ENTRIES["EmailJob.send"], "params": {"required": ["to", "token"], "properties": BOTH}}
FROM_SMTP = [{"name": "token", "secretKeyRef": {"name": "smtp", "key": "token"}}]


async def test_a_missing_secret_is_named_after_ten_seconds_and_ends_uncharged_at_the_start_deadline() -> None:
    world = World(with_settings=settings({"EmailJob.send": ENTRY}, times={"startDeadlineSeconds": 60}))
    key = await world.apply(paramsFrom=FROM_SMTP, retry={"maxDisruptions": 0})
    world.cluster.pend(world.cluster.created_jobs[0])

    await world.advance(9)
    assert world.state(key) == (None, None)

    await world.advance(1)
    assert world.state(key) == ("Running", "Starting")
    assert world.cluster.status(key)["message"] == SENTENCE

    await world.advance(50)
    status = world.cluster.status(key)
    assert (status["reason"], status["attemptCount"]) == ("DisruptionsExhausted", 0)
    assert status["message"] == f"it never started: {SENTENCE}"


async def test_a_secret_that_appears_in_time_heals_the_start() -> None:
    world = World(with_settings=settings({"EmailJob.send": ENTRY}))
    key = await world.apply(paramsFrom=FROM_SMTP)
    world.cluster.pend(world.cluster.created_jobs[0])
    await world.advance(30)
    world.cluster.run(world.cluster.created_jobs[0])
    await world.settle()
    assert (world.state(key), world.cluster.status(key)["message"]) == (
        ("Running", "Running"),
        "attempt 1 is running",
    )
