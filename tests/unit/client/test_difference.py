"""When an existing object asks for the same."""

from typing import Any

import pytest

from backgroundjob.difference import differences, existing_if_same
from backgroundjob.errors import Difference, NameConflict

SEND = {"class": "EmailJob", "method": "send"}


@pytest.mark.parametrize(
    ("asked", "existing"),
    [
        ({}, {"suspend": False, "cancel": False, "restarts": 0}),
        ({}, {"cancel": True, "restarts": 2}),
        ({"params": {}}, {}),
        ({"params": {"n": 1.0}}, {"params": {"n": 1}}),
        ({"runAt": "2026-03-01T07:30:00Z"}, {"runAt": "2026-03-01T08:30:00+01:00"}),
        ({"dependsOn": [{"name": "a"}]}, {"dependsOn": [{"name": "a", "condition": "Succeeded"}]}),
        ({"params": {"a": {"x": [1, {"y": None}]}}}, {"params": {"a": {"x": [1, {"y": None}]}}}),
    ],
)
def test_defaults_commands_and_spellings_are_no_difference(
    asked: dict[str, Any], existing: dict[str, Any]
) -> None:
    assert differences(SEND | asked, SEND | existing) == ()


@pytest.mark.parametrize(
    ("asked", "existing", "expected"),
    [
        ({"params": {"to": "a"}}, {"params": {"to": "b"}}, Difference("params.to", "a", "b")),
        ({"params": {"n": True}}, {"params": {"n": 1}}, Difference("params.n", True, 1)),
        ({"params": {"n": 0}}, {"params": {"n": False}}, Difference("params.n", 0, False)),
        ({"params": {"n": [1]}}, {"params": {"n": [True]}}, Difference("params.n", [1], [True])),
        ({"args": ["a"]}, {}, Difference("args", ["a"], None)),
        ({"retry": {"maxAttempts": 4}}, {}, Difference("retry.maxAttempts", 4, None)),
        ({}, {"delaySeconds": 60}, Difference("delaySeconds", None, 60)),
        ({"priority": "high"}, {"priority": 100}, Difference("priority", "high", 100)),
    ],
)
def test_what_was_asked_differently_is_named(
    asked: dict[str, Any], existing: dict[str, Any], expected: Difference
) -> None:
    assert differences(SEND | asked, SEND | existing) == (expected,)


def test_a_conflict_shows_every_difference_and_two_ways_out() -> None:
    existing = {
        "metadata": {"namespace": "shop", "name": "mine"},
        "spec": SEND | {"params": {"to": "b"}, "retry": {"maxAttempts": 3}},
    }
    with pytest.raises(NameConflict) as caught:
        existing_if_same({"spec": SEND | {"params": {"to": "a" * 100}}}, existing)
    assert caught.value.message == (
        "shop/mine exists and differs: params.to: another value; retry.maxAttempts: asked nothing, exists 3"
    )
    assert caught.value.next_step == "choose another name, or delete the existing job first"
