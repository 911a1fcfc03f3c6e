"""Who decided each value: held against `resolve` itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backgroundjob.api.allow_list import AllowListEntry, parse_entry
from backgroundjob.api.config import OperatorConfig, parse_config
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob.policy.effective import Effective, resolve
from backgroundjob.policy.origins import Origin, origins

PROFILES = {"default": {"image": "runner:1"}}
NAMES = {
    "priority": "priority",
    "queue": "queue",
    "timeoutSeconds": "timeout_seconds",
    "deadlineSeconds": "deadline_seconds",
    "ttlSecondsAfterFinished": "ttl_seconds",
    "retry.maxAttempts": "retry.max_attempts",
    "retry.maxDisruptions": "retry.max_disruptions",
    "retry.jitterPercent": "retry.jitter_percent",
    "retry.retryOn": "retry.retry_on",
    "retry.failOn": "retry.fail_on",
    "retry.backoff": "retry.backoff",
    "retry.delaySeconds": "retry.delay_seconds",
    "retry.maxDelaySeconds": "retry.max_delay_seconds",
    "retry.delays": "retry.delays_seconds",
}


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


shapes = st.one_of(
    some(
        backoff=st.sampled_from(["Fixed", "Linear"]),
        delaySeconds=st.integers(1, 300),
        maxDelaySeconds=st.integers(301, 599),
    ),
    st.fixed_dictionaries({"delays": st.lists(st.integers(1, 9), min_size=1, max_size=3)}),
)
budgets = some(
    maxAttempts=st.integers(1, 9),
    maxDisruptions=st.integers(0, 9),
    jitterPercent=st.integers(0, 9),
    retryOn=st.just(["KeyError"]),
    failOn=st.just(["OSError"]),
)
layers = some(
    priority=st.integers(1, 9),
    queue=st.sampled_from(["mail", "slow"]),
    timeoutSeconds=st.integers(1, 9),
    deadlineSeconds=st.integers(1, 9),
    ttlSecondsAfterFinished=st.integers(1, 9),
    retry=st.builds(lambda shape, budget: shape | budget, shapes, budgets),
)


def parsed(
    own: dict[str, Any], entry: dict[str, Any], config: dict[str, Any]
) -> tuple[BackgroundJobSpec, AllowListEntry, OperatorConfig]:
    spec = BackgroundJobSpec.model_validate({"class": "EmailJob", "method": "send", **own})
    known = parse_entry("EmailJob.send", {"target": "jobs.email:EmailJob.send", **entry})
    return spec, known, parse_config({"profiles": PROFILES, "defaults": config})


def value(effective: object, path: str) -> Any:
    for name in NAMES[path].split("."):
        effective = getattr(effective, name)
    return effective


def resolved(*parts: Any) -> Effective:
    effective = resolve(*parts)
    assert isinstance(effective, Effective)
    return effective


@given(own=layers, entry=layers, config=layers)
def test_a_value_is_what_its_origin_alone_would_give(
    own: dict[str, Any], entry: dict[str, Any], config: dict[str, Any]
) -> None:
    parts = parsed(own, {"defaults": entry}, config)
    effective = resolved(*parts)
    alone = {
        Origin.OBJECT: resolved(*parsed(own, {}, {})),
        Origin.ENTRY: resolved(*parsed({}, {"defaults": entry}, {})),
        Origin.CONFIGURATION: resolved(*parsed({}, {}, config)),
        Origin.DEFAULT: resolved(*parsed({}, {}, {})),
    }
    found = origins(*parts, effective)
    assert set(found) == set(NAMES)
    for path, origin in found.items():
        assert value(effective, path) == value(alone[origin], path), (path, origin)


@given(own=layers, entry=layers, config=layers)
def test_a_layer_that_says_nothing_decides_nothing(
    own: dict[str, Any], entry: dict[str, Any], config: dict[str, Any]
) -> None:
    parts = parsed(own, {"defaults": entry}, config)
    found = origins(*parts, resolved(*parts))
    given = {Origin.OBJECT: own, Origin.ENTRY: entry, Origin.CONFIGURATION: config}
    for path, origin in found.items():
        if origin is not Origin.DEFAULT:
            layer = given[origin]
            head, _, tail = path.partition(".")
            assert tail in layer[head] if tail else head in layer


@pytest.mark.parametrize(
    ("own", "entry", "path", "origin"),
    [
        ({}, {"limits": {"maxAttempts": 2}}, "retry.maxAttempts", Origin.LIMIT),  # the default 3 is lowered
        ({}, {"limits": {"timeoutSeconds": 60}}, "timeoutSeconds", Origin.LIMIT),
        ({}, {"limits": {"maxAttempts": 5}}, "retry.maxAttempts", Origin.DEFAULT),
        ({"retry": {"maxAttempts": 2}}, {"limits": {"maxAttempts": 2}}, "retry.maxAttempts", Origin.OBJECT),
        (
            {},
            {"limits": {"maxAttempts": 2}, "defaults": {"retry": {"maxAttempts": 2}}},
            "retry.maxAttempts",
            Origin.ENTRY,
        ),
        (
            {"retry": {"delaySeconds": 5}},
            {"defaults": {"retry": {"delays": [1]}}},
            "retry.delays",
            Origin.DEFAULT,
        ),
    ],
)
def test_a_limit_and_a_shape_are_told_apart_from_a_wish(
    own: dict[str, Any], entry: dict[str, Any], path: str, origin: Origin
) -> None:
    parts = parsed(own, entry, {})
    assert origins(*parts, resolved(*parts))[path] is origin
