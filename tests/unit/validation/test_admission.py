"""Whether an object may run: the allow-list, the params, the effective values and their limits."""

from typing import Any

import pytest

from backgroundjob.api.config import OperatorConfig
from backgroundjob.api.reasons import Reason
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob.policy.effective import Refusal, RetryPolicy
from backgroundjob_operator.engine.catalogue import Admitted, AllowList, Settings, admit
from world import ENTRIES, settings

SEND = ENTRIES["EmailJob.send"]
ANY_PARAMS = {"target": "jobs.email:EmailJob.send", "params": {"additionalProperties": True}}


def asked(
    entry: dict[str, Any] | None = None,
    topics: dict[str, Any] | None = None,
    namespace: str = "shop",
    **spec: Any,
) -> Admitted | Refusal:
    """The answer for EmailJob.send with this entry, configuration and spec."""
    document = {"class": "EmailJob", "method": "send", "params": {"to": "a@example.org"}, **spec}
    entries = {"EmailJob.send": {**SEND, **(entry or {})}}
    return admit(BackgroundJobSpec.model_validate(document), namespace, settings(entries, **(topics or {})))


def admitted(**options: Any) -> Admitted:
    """The same, for an object that may run."""
    answer = asked(**options)
    assert isinstance(answer, Admitted), answer
    return answer


def test_an_allowed_method_with_good_params_is_admitted_with_every_default_resolved() -> None:
    answer = admitted(entry={"loggable": ["to"]})

    assert (answer.params, answer.loggable, answer.secret_params) == ({"to": "a@example.org"}, ("to",), ())
    effective = answer.effective
    assert effective.target == "jobs.email:EmailJob.send"
    assert (effective.priority, effective.queue, effective.profile) == (0, "default", "default")
    assert (effective.timeout_seconds, effective.ttl_seconds) == (3600, 604_800)
    assert effective.retry == RetryPolicy()


def test_an_unknown_method_is_refused_with_the_nearest_allowed_one() -> None:
    assert asked(method="sned") == Refusal(
        Reason.NOT_ALLOWED, "EmailJob.sned is not in the allow-list; did you mean EmailJob.send?"
    )


def test_a_method_like_no_other_is_refused_with_the_next_step() -> None:
    other: dict[str, Any] = {"class": "Zzz", "method": "q"}

    assert asked(**other) == Refusal(
        Reason.NOT_ALLOWED, "Zzz.q is not in the allow-list; an administrator can add it"
    )


def test_a_malformed_entry_refuses_with_what_is_wrong_with_it() -> None:
    base = settings({})
    broken = Settings(AllowList({}, {"EmailJob.send": "params.type: 'objekt' is not valid"}), base.config)
    spec = BackgroundJobSpec.model_validate({"class": "EmailJob", "method": "send"})

    assert admit(spec, "shop", broken) == Refusal(
        Reason.NOT_ALLOWED,
        "the allow-list entry EmailJob.send is malformed: params.type: 'objekt' is not valid; "
        "an administrator has to correct it",
    )


def test_another_namespace_is_refused_with_those_allowed() -> None:
    assert asked({"namespaces": ["mail", "team-*"]}) == Refusal(
        Reason.NOT_ALLOWED, "EmailJob.send is not allowed in namespace shop; allowed in: mail, team-*"
    )


def test_a_namespace_pattern_admits_what_it_matches() -> None:
    assert isinstance(asked({"namespaces": ["team-*"]}, namespace="team-a"), Admitted)


def test_without_an_allow_list_the_object_waits() -> None:
    spec = BackgroundJobSpec.model_validate({"class": "EmailJob", "method": "send"})

    answer = admit(spec, "shop", settings(None))

    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.ALLOW_LIST_UNAVAILABLE


def test_without_a_configuration_the_object_waits_and_is_not_rejected_for_good() -> None:
    spec = BackgroundJobSpec.model_validate({"class": "EmailJob", "method": "send"})

    answer = admit(spec, "shop", Settings(settings().allow_list, OperatorConfig()))

    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.ALLOW_LIST_UNAVAILABLE
    assert answer.message.startswith("the configuration is missing or unreadable")


@pytest.mark.parametrize(
    ("spec", "reason", "part"),
    [
        ({"params": {}}, Reason.INVALID_PARAMS, "params.to is missing"),
        ({"params": {"to": 5}}, Reason.INVALID_PARAMS, "params.to breaks the schema's rule type"),
        ({"params": {"to": "x" * 65_536}}, Reason.PARAMS_TOO_LARGE, "at most 65536 are accepted"),
        ({"params": {"to": [[[[[[[[1]]]]]]]]}}, Reason.INVALID_PARAMS, "at most 8 levels deep"),
        ({"args": ["a", "b"]}, Reason.INVALID_PARAMS, "args has 2 values; the method takes 1: to"),
        ({"args": ["a"]}, Reason.INVALID_PARAMS, "params.to is given twice"),
        (
            {"paramsFrom": [{"name": "to", "secretKeyRef": {"name": "s", "key": "k"}}]},
            Reason.INVALID_PARAMS,
            "params.to is in params and in paramsFrom",
        ),
    ],
)
def test_params_that_do_not_fit_are_refused(spec: dict[str, Any], reason: Reason, part: str) -> None:
    answer = asked(**spec)

    assert isinstance(answer, Refusal)
    assert answer.reason is reason
    assert part in answer.message


def test_args_reach_the_method_by_name() -> None:
    assert admitted(params={}, args=["b@example.org"]).params == {"to": "b@example.org"}


def test_a_param_from_a_secret_is_named_and_never_among_the_params() -> None:
    secret = {"name": "to", "secretKeyRef": {"name": "mail", "key": "address"}}

    answer = admitted(params={}, paramsFrom=[secret])

    assert (answer.params, answer.secret_params) == ({}, ("to",))


def test_a_message_fits_into_the_status_whatever_the_schema_says() -> None:
    rules = {f"p{index}": {"enum": ["x" * 300]} for index in range(9)}
    answer = asked({"params": {"properties": rules}}, params=dict.fromkeys(rules, 1))

    assert isinstance(answer, Refusal)
    assert len(answer.message) <= 1024


@pytest.mark.parametrize(
    ("priority", "rank"), [("high", 100), ("medium", 0), ("low", -100), ("urgent", 500), (7, 7)]
)
def test_a_priority_is_a_number_or_a_configured_name(priority: object, rank: int) -> None:
    answer = admitted(topics={"priorities": {"urgent": 500}}, priority=priority)

    assert answer.effective.priority == rank


def test_an_unknown_priority_name_is_refused_with_the_known_ones() -> None:
    assert asked(priority="hihg") == Refusal(
        Reason.INVALID_SPEC,
        "spec.priority is the unknown name hihg; use a number from -1000 to 1000 or one of high, low, medium",
    )


@pytest.mark.parametrize(
    ("limit", "spec", "field"),
    [
        ({"maxAttempts": 4}, {"retry": {"maxAttempts": 5}}, "spec.retry.maxAttempts is 5"),
        ({"timeoutSeconds": 60}, {"timeoutSeconds": 61}, "spec.timeoutSeconds is 61"),
        ({"priority": 99}, {"priority": "high"}, "spec.priority is 100"),
    ],
)
def test_an_object_that_asks_for_more_than_the_limit_is_refused(
    limit: dict[str, int], spec: dict[str, Any], field: str
) -> None:
    (most,) = limit.values()

    assert asked({"limits": limit}, **spec) == Refusal(
        Reason.INVALID_SPEC, f"{field}; EmailJob.send allows at most {most}: set it lower"
    )


def test_a_default_above_the_limit_is_lowered_because_nobody_asked_for_it() -> None:
    # defaults: 3 attempts, 3,600 s, and high = 100 from the configuration
    limits = {"maxAttempts": 1, "timeoutSeconds": 60, "priority": 10}
    effective = admitted(entry={"limits": limits}, topics={"defaults": {"priority": "high"}}).effective

    assert (effective.retry.max_attempts, effective.timeout_seconds, effective.priority) == (1, 60, 10)


def test_the_object_decides_then_its_entry_then_the_configuration() -> None:
    entry = {"defaults": {"queue": "entry", "timeoutSeconds": 20}}
    topics = {"defaults": {"queue": "config", "timeoutSeconds": 30, "ttlSecondsAfterFinished": 40}}

    effective = admitted(entry=entry, topics=topics, queue="object").effective

    assert (effective.queue, effective.timeout_seconds, effective.ttl_seconds) == ("object", 20, 40)


def test_zero_is_a_decision_and_not_the_absence_of_one() -> None:
    topics = {"defaults": {"priority": "high", "ttlSecondsAfterFinished": 40}}

    effective = admitted(topics=topics, priority=0, ttlSecondsAfterFinished=0).effective

    assert (effective.priority, effective.ttl_seconds) == (0, 0)


def test_a_profile_that_is_not_configured_is_refused_with_those_that_are() -> None:
    assert asked({"profile": "gpu"}) == Refusal(
        Reason.INVALID_SPEC,
        "the allow-list entry names the runner profile gpu, which is not configured (configured: default); "
        "an administrator has to add it to backgroundjob-config",
    )


def test_an_object_with_its_own_delay_does_not_inherit_a_plan_of_delays() -> None:
    entry = {"defaults": {"retry": {"delays": [1, 2], "maxAttempts": 5}}}

    retry = admitted(entry=entry, retry={"delaySeconds": 7}).effective.retry

    assert (retry.delays_seconds, retry.delay_seconds, retry.max_attempts) == ((), 7, 5)


def test_an_object_without_a_plan_inherits_that_of_its_entry() -> None:
    entry = {"defaults": {"retry": {"delays": [1, 2]}}}

    assert admitted(entry=entry, retry={"maxAttempts": 9}).effective.retry.delays_seconds == (1, 2)


def test_a_delay_above_the_usual_longest_one_is_honoured() -> None:
    retry = admitted(retry={"delaySeconds": 3600}).effective.retry

    assert (retry.delay_seconds, retry.max_delay_seconds) == (3600, 3600)


def test_without_a_target_the_class_is_the_import_path() -> None:
    spec = BackgroundJobSpec.model_validate({"class": "jobs.email.EmailJob", "method": "send"})

    answer = admit(spec, "shop", settings({"jobs.email.EmailJob.send": {}}))

    assert isinstance(answer, Admitted)
    assert answer.effective.target == "jobs.email:EmailJob.send"
