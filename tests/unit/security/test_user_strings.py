"""SEC-01 and SEC-13: whatever strings an object holds, its Job is the same and lies in its own namespace."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backgroundjob.api import labels
from backgroundjob_operator.engine.actions import CreateJob
from world import World, settings

NAMESPACE = "default"
hostile = st.one_of(
    st.sampled_from(
        [
            "kube-system",
            "kube-system/x",
            "..",
            "../../b",
            "%2e%2e%2f",
            "$(HOME)",
            "`id`",
            "{{ .x }}",
            "a\nb: c",
        ]
    ),
    st.text(min_size=1, max_size=20),
)
identifiers = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)
dns = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
json_values = st.recursive(
    hostile,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(hostile, inner, max_size=2)),
    max_leaves=4,
)
specs = st.fixed_dictionaries(
    {"params": st.dictionaries(identifiers, json_values, max_size=3)},
    optional={
        "queue": dns,
        "priority": st.sampled_from(["high", "low", 7]),
        "concurrencyKey": st.from_regex(r"[!-~]{1,20}", fullmatch=True),
        "retry": st.fixed_dictionaries({"retryOn": st.lists(identifiers, max_size=2, unique=True)}),
    },
)
ANYTHING = {"EmailJob.send": {"target": "jobs.email:EmailJob.send", "params": {"additionalProperties": True}}}


def planned(spec: dict[str, Any], metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    """The Job of the first attempt, without what says which object it is for."""
    world = World(with_settings=settings(ANYTHING))
    key = world.cluster.apply("mail", {"class": "EmailJob", "method": "send", **spec}, NAMESPACE)
    stored = world.cluster.objects["BackgroundJob"][key.namespace, key.name]
    stored["metadata"] |= metadata or {}
    stored["metadata"]["uid"] = "uid-1"
    world.deliver()
    plan = world.planner.plan(world.cluster.now, set())
    assert {key.namespace for key in plan} == {NAMESPACE}
    [create] = [action for actions in plan.values() for action in actions if isinstance(action, CreateJob)]
    manifest = copy.deepcopy(dict(create.manifest))
    assert manifest["metadata"]["namespace"] == NAMESPACE
    del manifest["spec"]["template"]["metadata"]["annotations"][labels.INVOCATION_ANNOTATION]
    return manifest


PLAIN = planned({"params": {}})


@given(specs, st.dictionaries(hostile, hostile, max_size=2))
def test_sec_01_no_string_of_the_user_reaches_the_job_but_the_invocation(
    spec: dict[str, Any], users_metadata: dict[str, str]
) -> None:
    assert planned(spec, {"labels": users_metadata, "annotations": users_metadata}) == PLAIN


def test_sec_01_fields_that_are_not_in_the_contract_change_nothing() -> None:
    evil = {
        "image": "evil",
        "serviceAccountName": "admin",
        "env": [{"name": "A", "value": "b"}],
        "podTemplate": {"spec": {"hostNetwork": True}},
        "hostNetwork": True,
    }
    assert planned({"params": {}, **evil}) == PLAIN


@given(hostile, hostile)
def test_sec_13_names_of_other_namespaces_cause_no_action_there(one: str, two: str) -> None:
    world = World()
    spec = {
        "class": "EmailJob",
        "method": "send",
        "queue": one,
        "concurrencyKey": two,
        "dependsOn": [{"name": one}],
    }
    secret = {"name": "p", "secretKeyRef": {"name": two, "key": one}}
    world.cluster.apply("mail", {**spec, "paramsFrom": [secret], "params": {"to": one}}, NAMESPACE)
    world.deliver()
    plan = world.planner.plan(world.cluster.now, set())
    assert {key.namespace for key in plan} == {NAMESPACE}
