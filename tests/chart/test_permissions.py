"""What the chart grants, to the operator and to people."""

import re
from typing import Any

import pytest

from tests.chart.needs_helm import needs_helm
from tests.chart_tool.helm import NAMESPACE, ROOT, Objects, rendered

pytestmark = needs_helm

Grants = set[tuple[str, str, str]]

JOBS = {
    ("backgroundjob.dev", "backgroundjobs"): "get list watch delete",
    ("backgroundjob.dev", "backgroundjobs/status"): "get update patch",
    ("backgroundjob.dev", "backgroundjobs/finalizers"): "update",
    ("batch", "jobs"): "get list watch create patch delete",
    ("", "pods"): "get list watch",
    ("events.k8s.io", "events"): "create patch",
}
READ = {("backgroundjob.dev", "backgroundjobs"): "get list watch"}
WRITE = {("backgroundjob.dev", "backgroundjobs"): "create update patch delete deletecollection"}
NAMESPACED = (
    "--set=watchNamespaces={shop,mail},rbac.clusterRoles=false,crds.enabled=false,policies.enabled=false"
)


def grants(role: dict[str, Any]) -> Grants:
    """Every (group, resource, verb) of a role."""
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def spelled(*tables: dict[tuple[str, str], str]) -> Grants:
    return {
        (group, resource, verb)
        for table in tables
        for (group, resource), verbs in table.items()
        for verb in verbs.split()
    }


def roles(objects: Objects) -> Objects:
    return {key: found for key, found in objects.items() if "rules" in found}


@pytest.mark.parametrize("setting", ["--set=replicaCount=1", NAMESPACED], ids=["cluster-wide", "namespaced"])
def test_no_rule_has_a_wildcard_or_a_way_around_the_others(setting: str) -> None:
    every = [grant for role in roles(rendered(setting)).values() for grant in grants(role)]
    assert every
    forbidden = {"*", "secrets", "pods/exec", "bind", "escalate", "impersonate"}
    assert [grant for grant in every if forbidden & set(grant)] == []


def test_the_operator_has_exactly_the_permissions_it_uses() -> None:
    assert grants(rendered()["ClusterRole/backgroundjob-operator"]) == spelled(JOBS)
    assert grants(rendered()["Role/backgroundjob-operator-config"]) == spelled(
        {("", "configmaps"): "get list watch"}
    )


def test_the_operator_reads_two_config_maps_and_writes_one_lease() -> None:
    (config,) = rendered()["Role/backgroundjob-operator-config"]["rules"]
    assert config["resourceNames"] == ["backgroundjob-allow-list", "backgroundjob-config"]
    create, other = rendered()["Role/backgroundjob-operator-lease"]["rules"]
    assert create["verbs"] == ["create"]
    assert (other["resourceNames"], other["verbs"]) == (
        ["backgroundjob-operator"],
        ["get", "list", "watch", "patch"],
    )


def test_the_namespaced_mode_holds_a_role_in_each_namespace_and_nothing_in_the_cluster() -> None:
    objects = rendered(NAMESPACED)
    assert [key for key, found in objects.items() if "namespace" not in found["metadata"]] == []
    for namespace in ("shop", "mail"):
        assert grants(objects[f"Role/backgroundjob-operator in {namespace}"]) == spelled(JOBS)
        binding = objects[f"RoleBinding/backgroundjob-operator in {namespace}"]
        assert binding["roleRef"]["name"] == "backgroundjob-operator"
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": "backgroundjob-operator", "namespace": NAMESPACE}
        ]


def test_the_operators_own_namespace_can_be_one_of_the_watched() -> None:
    """Its Roles there must not share a name."""
    objects = rendered(f"--set=watchNamespaces={{{NAMESPACE}}}")
    assert grants(objects["Role/backgroundjob-operator"]) == spelled(JOBS)
    assert "Role/backgroundjob-operator-config" in objects


def test_people_read_change_or_decide() -> None:
    objects = rendered()
    assert grants(objects["ClusterRole/backgroundjob-view"]) == spelled(READ)
    assert grants(objects["ClusterRole/backgroundjob-edit"]) == spelled(WRITE)
    admin = objects["ClusterRole/backgroundjob-admin"]
    assert grants(admin) == spelled(READ, WRITE, {("", "configmaps"): "get update patch"})
    named = [rule.get("resourceNames") for rule in admin["rules"] if rule["resources"] == ["configmaps"]]
    assert named == [["backgroundjob-allow-list", "backgroundjob-config"]]


@pytest.mark.parametrize("role", ["view", "edit", "admin"])
def test_a_role_for_people_is_part_of_the_built_in_one(role: str) -> None:
    aggregate = f"rbac.authorization.k8s.io/aggregate-to-{role}"
    labels = rendered()[f"ClusterRole/backgroundjob-{role}"]["metadata"]["labels"]
    assert [key for key in labels if "aggregate-to" in key] == [aggregate]


def test_readers_reach_the_operators_port_and_nothing_else_of_the_cluster() -> None:
    objects = rendered()
    reader = objects["Role/backgroundjob-allow-list-reader"]
    assert grants(reader) == spelled({("", "configmaps"): "get list watch", ("", "services/proxy"): "get"})
    # A real API server compares the path's segment as it stands: neither the bare name nor http:… matches.
    named = [rule["resourceNames"] for rule in reader["rules"] if rule["resources"] == ["services/proxy"]]
    assert named == [["backgroundjob-operator:http"]]
    service = objects["Service/backgroundjob-operator"]
    assert service["spec"]["ports"][0]["name"] == "http"


def test_the_test_may_do_nothing_but_make_read_and_delete_its_job() -> None:
    role = rendered()["Role/backgroundjob-test"]
    assert grants(role) == spelled({("backgroundjob.dev", "backgroundjobs"): "create get delete"})


def test_the_installation_page_lists_every_role() -> None:
    page = (ROOT / "docs/install.md").read_text()
    listed = set(re.findall(r"^\| `(backgroundjob-[a-z-]+)`", page, re.MULTILINE))
    assert listed == {role["metadata"]["name"] for role in roles(rendered()).values()}


def test_the_test_may_use_its_own_method_where_that_is_asked() -> None:
    role = rendered("--set=policies.use.enabled=true")["Role/backgroundjob-test"]
    assert [rule for rule in role["rules"] if rule["verbs"] == ["use"]] == [
        {
            "apiGroups": ["backgroundjob.dev"],
            "resources": ["backgroundjobmethods"],
            "resourceNames": ["backgroundjob.SelfTest.run"],
            "verbs": ["use"],
        }
    ]
    assert "backgroundjobmethods" not in str(rendered()["Role/backgroundjob-test"])
