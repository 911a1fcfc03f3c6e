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


def test_policies_and_bindings_outlive_the_release() -> None:
    kept = {key for key, found in rendered().items() if "helm.sh/resource-policy" in str(found["metadata"])}
    assert kept >= {key for key in rendered() if key.startswith("ValidatingAdmissionPolicy")}


@pytest.mark.parametrize("setting", ["--namespace=tools", "--set=namespaceOverride=tools"])
def test_the_allow_list_policy_and_the_anchor_read_the_operators_namespace(setting: str) -> None:
    for name in ("allow-list", "anchor"):
        binding = rendered(setting)[f"ValidatingAdmissionPolicyBinding/backgroundjob-{name}"]
        read = binding["spec"]["paramRef"]
        assert (read["namespace"], read["name"]) == ("tools", "backgroundjob-allow-list")


def test_no_policy_is_left_when_another_release_holds_them() -> None:
    left = rendered("--set=policies.enabled=false")
    assert [key for key in left if key.startswith("ValidatingAdmissionPolicy")] == []
