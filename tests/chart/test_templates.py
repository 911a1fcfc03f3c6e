"""What can be said of the chart's text without Helm: versions, permissions, policies, the CRD's copy."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import backgroundjob

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/backgroundjob"
TEMPLATES = CHART / "templates"
EXPECTED_POLICIES = list(yaml.safe_load_all(Path(__file__).with_name("expected-policies.yaml").read_text()))


def documents(template: Path) -> list[dict[str, Any]]:
    """The template's objects, without lines that only Helm reads and with the release namespace filled in."""
    text = template.read_text().replace("{{ .Release.Namespace }}", "release-namespace")
    text = text.replace("{{ $.Release.Namespace }}", "release-namespace")
    text = re.sub(r"^\s*\{\{.*\}\}\s*$", "", text, flags=re.MULTILINE)
    return [document for document in yaml.safe_load_all(text) if document]


def rules() -> list[tuple[str, dict[str, Any]]]:
    objects = [found for path in sorted(TEMPLATES.glob("rbac-*.yaml")) for found in documents(path)]
    return [(found["metadata"]["name"], rule) for found in objects for rule in found.get("rules", [])]


def granted(role: str) -> set[tuple[str, str, str]]:
    """Every (group, resource, verb) that the roles of this name grant."""
    return {
        (group, resource, verb)
        for name, rule in rules()
        if name == role
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_the_chart_has_the_version_of_the_product() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (backgroundjob.__version__, backgroundjob.__version__)


def test_no_rule_has_a_wildcard() -> None:
    assert rules()
    assert [(name, rule) for name, rule in rules() if "*" in str(rule)] == []


def test_roles_are_found_in_no_other_template() -> None:
    others = [path for path in TEMPLATES.iterdir() if not path.name.startswith("rbac-")]
    role = re.compile(r"^kind: (Cluster)?Role\b", re.MULTILINE)
    assert [path.name for path in others if role.search(path.read_text())] == []


def test_the_operator_has_exactly_the_permissions_it_uses() -> None:
    expected = {
        ("backgroundjob.dev", "backgroundjobs"): "get list watch delete",
        ("backgroundjob.dev", "backgroundjobs/status"): "get update patch",
        ("backgroundjob.dev", "backgroundjobs/finalizers"): "update",
        ("batch", "jobs"): "get list watch create patch delete",
        ("", "pods"): "get list watch",
        ("", "configmaps"): "get list watch",
        ("events.k8s.io", "events"): "create patch",
    }
    assert granted("backgroundjob-operator") == {
        (group, resource, verb) for (group, resource), verbs in expected.items() for verb in verbs.split()
    }


def test_every_rule_on_config_maps_names_them() -> None:
    named = [rule.get("resourceNames") for _, rule in rules() if "configmaps" in rule["resources"]]
    assert named == [["backgroundjob-allow-list", "backgroundjob-config"]] * 2


def test_readers_reach_the_operators_port_and_nothing_else_of_the_cluster() -> None:
    assert granted("backgroundjob-allow-list-reader") == {
        ("", "configmaps", "get"),
        ("", "configmaps", "list"),
        ("", "configmaps", "watch"),
        ("", "services/proxy", "get"),
    }
    # A real API server compares the path's segment as it stands: neither the bare name nor http:… matches.
    named = [rule["resourceNames"] for _, rule in rules() if "services/proxy" in rule["resources"]]
    assert named == [["backgroundjob-operator:http"]]
    (service,) = documents(TEMPLATES / "service.yaml")
    assert (service["metadata"]["name"], service["spec"]["ports"][0]["name"]) == (
        "backgroundjob-operator",
        "http",
    )


def test_people_get_no_subresource() -> None:
    people = granted("backgroundjob-view") | granted("backgroundjob-edit")
    assert {resource for _, resource, _ in people} == {"backgroundjobs"}


@pytest.mark.parametrize(
    "expected", EXPECTED_POLICIES, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}"
)
def test_a_policy_reads_as_it_was_verified_on_a_real_api_server(expected: dict[str, Any]) -> None:
    name = expected["metadata"]["name"]
    template = TEMPLATES / f"policy-{name.removeprefix('backgroundjob-')}.yaml"
    (found,) = [one for one in documents(template) if one["kind"] == expected["kind"]]
    assert found["metadata"]["name"] == name
    assert found["spec"] == expected["spec"]


def test_policies_and_bindings_outlive_the_release() -> None:
    policies = [found for path in TEMPLATES.glob("policy-*.yaml") for found in documents(path)]
    assert len(policies) == 6
    for found in policies:
        assert found["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}, found["metadata"][
            "name"
        ]


def test_the_chart_carries_the_generated_crd() -> None:
    generated = {path.name: path.read_text() for path in (ROOT / "crds").glob("*.yaml")}
    assert generated
    assert {path.name: path.read_text() for path in (CHART / "crds").glob("*.yaml")} == generated
