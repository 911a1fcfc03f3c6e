"""The admission policies, with the text that a real API server was asked about."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.needs_helm import needs_helm
from tests.chart_tool.helm import rendered

EXPECTED_POLICIES = list(yaml.safe_load_all(Path(__file__).with_name("expected-policies.yaml").read_text()))
pytestmark = needs_helm


@pytest.mark.parametrize(
    "expected", EXPECTED_POLICIES, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}"
)
def test_a_policy_reads_as_it_was_verified_on_a_real_api_server(expected: dict[str, Any]) -> None:
    objects = rendered("--namespace", "release-namespace")
    assert objects[f"{expected['kind']}/{expected['metadata']['name']}"]["spec"] == expected["spec"]


def test_what_refuses_objects_outlives_the_release_and_what_has_a_switch_does_not() -> None:
    objects = rendered("--set=policies.use.enabled=true")
    policies = {key: found for key, found in objects.items() if key.startswith("ValidatingAdmissionPolicy")}
    kept = {key for key, found in policies.items() if "helm.sh/resource-policy" in str(found["metadata"])}
    assert {key.rpartition("backgroundjob-")[2] for key in kept} == {"allow-list", "anchor", "shape"}
    assert {key.rpartition("backgroundjob-")[2] for key in policies.keys() - kept} == {
        "guard-jobs",
        "guard-pods",
        "use",
    }


def test_the_guard_lets_the_operator_pass_and_those_that_are_named() -> None:
    own = "system:serviceaccount:tools:jobs-operator"
    options = ["--namespace=tools", "--set=fullnameOverride=jobs", "--set=policies.guard.operators={other}"]
    (condition,) = rendered(*options)["ValidatingAdmissionPolicy/backgroundjob-guard-jobs"]["spec"][
        "matchConditions"
    ]
    assert condition["expression"] == f'!(request.userInfo.username in ["{own}","other"])'


@pytest.mark.parametrize("setting", ["--namespace=tools", "--set=namespaceOverride=tools"])
def test_the_allow_list_policy_and_the_anchor_read_the_operators_namespace(setting: str) -> None:
    for name in ("allow-list", "anchor"):
        binding = rendered(setting)[f"ValidatingAdmissionPolicyBinding/backgroundjob-{name}"]
        read = binding["spec"]["paramRef"]
        assert (read["namespace"], read["name"]) == ("tools", "backgroundjob-allow-list")


def test_no_policy_is_left_when_another_release_holds_them() -> None:
    left = rendered("--set=policies.enabled=false")
    assert [key for key in left if key.startswith("ValidatingAdmissionPolicy")] == []
    assert "BACKGROUNDJOB_PROBE_ADMISSION" not in str(left["Deployment/backgroundjob-operator"])
