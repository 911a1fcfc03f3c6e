"""What the administrator writes: allow-list entries and the configuration, read strictly."""

from typing import Any

import pytest

from backgroundjob.api.allow_list import parse_entry
from backgroundjob.api.config import DEFAULT_GLOBAL_CONCURRENCY, OperatorConfig, Times, parse_config
from backgroundjob.api.fields import DocumentError

TARGET = "jobs.email:EmailJob.send"
PROFILES = {"default": {"image": "example.org/jobs:1", "labels": {"team": "shop"}}}


def entry_refusal(key: str = "EmailJob.send", **fields: Any) -> str:
    with pytest.raises(DocumentError) as caught:
        parse_entry(key, {"target": TARGET} | fields)
    return str(caught.value)


def config_refusal(**topics: Any) -> str:
    with pytest.raises(DocumentError) as caught:
        parse_config({"profiles": PROFILES} | topics)
    return str(caught.value)


def test_an_entry_says_everything_about_its_method() -> None:
    entry = parse_entry(
        "EmailJob.send",
        {
            "target": TARGET,
            "description": "Send one e-mail.",
            "params": {"type": "object", "properties": {"to": {"type": "string"}}},
            "namespaces": ["shop", "team-*"],
            "defaults": {"priority": "high", "timeoutSeconds": 300, "retry": {"maxAttempts": 5}},
            "loggable": ["to"],
            "limits": {"maxAttempts": 10, "timeoutSeconds": 3600, "priority": 100, "concurrency": 20},
        },
    )
    assert entry.target_of("EmailJob.send") == TARGET
    assert entry.defaults.retry is not None
    assert (entry.defaults.retry.max_attempts, entry.limits.concurrency) == (5, 20)
    assert entry.profile == "default"


def test_an_empty_entry_takes_the_class_for_its_import_path() -> None:
    key = "jobs.email.EmailJob.send"
    assert parse_entry(key, None).target_of(key) == TARGET


def test_a_class_without_a_module_needs_a_target() -> None:
    with pytest.raises(DocumentError, match=r"give target: module:EmailJob\.send"):
        parse_entry("EmailJob.send", {})


@pytest.mark.parametrize(
    ("namespace", "allowed"), [("shop", True), ("team-a", True), ("team", False), ("workshop", False)]
)
def test_namespaces_are_names_or_patterns(namespace: str, allowed: bool) -> None:
    entry = parse_entry("EmailJob.send", {"target": TARGET, "namespaces": ["shop", "team-*"]})
    assert entry.allows_namespace(namespace) is allowed


def test_without_namespaces_all_are_allowed() -> None:
    assert parse_entry("EmailJob.send", {"target": TARGET}).allows_namespace("any")


REFUSED_ENTRIES: dict[str, tuple[dict[str, Any], str]] = {
    "a typo": ({"prams": {}}, "unknown key prams (did you mean params?)"),
    "a typo below": (
        {"defaults": {"retry": {"maxAtempts": 3}}},
        "defaults.retry: unknown key maxAtempts (did you mean maxAttempts?)",
    ),
    "a word like no other": ({"zzz": 1}, "accepted: defaults, description, limits"),
    "a python name": ({"defaults": {"timeout_seconds": 3}}, "defaults.timeout_seconds"),
    "no namespace at all": ({"namespaces": []}, "namespaces"),
    "a private target": ({"target": "jobs.email:EmailJob.__init__"}, "target"),
    "a target without a class": ({"target": "os:system"}, "target"),
    "a default above the limit": (
        {"defaults": {"timeoutSeconds": 20}, "limits": {"timeoutSeconds": 10}},
        "defaults.timeoutSeconds is 20, above its own limit of 10",
    ),
    "a schema that is none": ({"params": True}, "params"),
}


@pytest.mark.parametrize(("fields", "expected"), REFUSED_ENTRIES.values(), ids=REFUSED_ENTRIES.keys())
def test_a_malformed_entry_is_refused_by_its_field(fields: dict[str, Any], expected: str) -> None:
    message = entry_refusal(**fields)
    assert expected in message
    assert "ConfigMap backgroundjob-allow-list, entry EmailJob.send" in message


@pytest.mark.parametrize(
    "key", ["send", "EmailJob.__class__", "a..b", "EmailJob.", "Email Job.send", "a" * 190 + ".b"]
)
def test_a_key_that_no_object_can_name_is_refused(key: str) -> None:
    assert "the key must" in entry_refusal(key)


def test_a_key_that_yaml_took_for_a_boolean_is_unknown() -> None:
    with pytest.raises(DocumentError, match="unknown key False"):
        parse_entry("EmailJob.send", {False: 1, "target": TARGET})


def test_an_entry_that_is_no_mapping_says_what_it_must_be() -> None:
    with pytest.raises(DocumentError, match=r"must be a YAML mapping .* not a str"):
        parse_entry("EmailJob.send", "x")


def test_an_empty_configuration_has_the_contracts_defaults() -> None:
    config = parse_config({"profiles": PROFILES, "limits": None})
    assert config.times == Times(
        start_deadline_seconds=300,
        node_lost_grace_seconds=300,
        ageing_seconds=60,
        keep_succeeded_jobs_seconds=3600,
        keep_failed_jobs_seconds=86_400,
    )
    assert config.priorities == {"high": 100, "medium": 0, "low": -100}
    assert config.limits.concurrency == DEFAULT_GLOBAL_CONCURRENCY


def test_the_configuration_has_one_document_per_topic() -> None:
    config = parse_config(
        {
            "profiles": PROFILES,
            "defaults": {"priority": "urgent", "queue": "mail"},
            "priorities": {"urgent": 500},
            "queues": {"mail": {"concurrency": 5, "paused": True}},
            "limits": {"concurrency": 9, "namespaceConcurrency": 2},
            "times": {"ageingSeconds": 0},
        }
    )
    assert (config.queues["mail"].concurrency, config.queues["mail"].paused) == (5, True)
    assert (config.limits.concurrency, config.limits.namespace_concurrency) == (9, 2)
    assert (config.defaults.priority, config.times.ageing_seconds) == ("urgent", 0)


def test_a_profile_inherits_what_it_does_not_set() -> None:
    config = parse_config({"profiles": PROFILES | {"big": {"resources": {"limits": {"memory": "4Gi"}}}}})
    assert config.profile("big") == {
        "image": "example.org/jobs:1",
        "labels": {"team": "shop"},
        "resources": {"limits": {"memory": "4Gi"}},
    }


def test_the_configuration_of_the_local_engine_needs_no_document() -> None:
    assert OperatorConfig().limits.namespace_concurrency is None


REFUSED_CONFIGURATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "a topic with a typo": ({"queue": {}}, "unknown key queue (did you mean queues?)"),
    "a limit with a typo": ({"limits": {"concurency": 1}}, "limits: unknown key concurency (did you mean"),
    "no default image": ({"profiles": {"default": {}}}, "profiles.default.image: missing"),
    "no default profile": ({"profiles": {"big": {"image": "x"}}}, "profiles.default.image: missing"),
    "a default priority that nobody defined": (
        {"defaults": {"priority": "hihg"}},
        "unknown name hihg (did you mean high?)",
    ),
    "a priority out of range": ({"priorities": {"top": 1001}}, "priorities.top"),
    "a reserved label": (
        {"profiles": {"default": {"image": "x", "labels": {"backgroundjob.dev/uid": "u"}}}},
        "labels may not set backgroundjob.dev/uid",
    ),
    "a pod field that profiles do not have": (
        {"profiles": {"default": {"image": "x", "hostNetwork": True}}},
        "profiles.default: unknown key hostNetwork",
    ),
    "a topic that is no mapping": ({"queues": "mail"}, "queues"),
}


@pytest.mark.parametrize(
    ("topics", "expected"), REFUSED_CONFIGURATIONS.values(), ids=REFUSED_CONFIGURATIONS.keys()
)
def test_a_wrong_configuration_is_refused_by_its_field(topics: dict[str, Any], expected: str) -> None:
    message = config_refusal(**topics)
    assert expected in message
    assert "ConfigMap backgroundjob-config" in message
