"""What Helm makes of the chart: `helm lint --strict` and `helm template`, for the defaults and every example.

Needs the helm binary and no cluster.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/backgroundjob"
NAMESPACE = "backgroundjob-system"
EXAMPLES = sorted((ROOT / "examples/values").glob("*.yaml"))
Objects = dict[str, dict[str, Any]]
VALUE_SETS = {"defaults": None} | {path.stem: path for path in EXAMPLES}


def helm_binary() -> str:
    """BACKGROUNDJOB_HELM, helm on PATH, or the newest one that the cluster tool built."""
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "backgroundjob"
    built = sorted(map(str, cached.glob("*/bin/helm")), key=os.path.getmtime)
    found = [os.environ.get("BACKGROUNDJOB_HELM"), shutil.which("helm"), *reversed(built)]
    chosen = next(filter(None, found), None)
    assert chosen, f"no helm on PATH or under {cached}: run `make cluster-up` or set BACKGROUNDJOB_HELM"
    return chosen


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [helm_binary(), *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@cache
def rendered(*arguments: str) -> Objects:
    """The chart's objects by "Kind/name"."""
    answer = helm("template", "backgroundjob", str(CHART), "--namespace", NAMESPACE, *arguments)
    assert answer.returncode == 0, answer.stderr
    objects = [found for found in yaml.safe_load_all(answer.stdout) if found]
    return {f"{found['kind']}/{found['metadata']['name']}": found for found in objects}


def values(name: str) -> tuple[str, ...]:
    path = VALUE_SETS[name]
    return ("--values", str(path)) if path else ()


def config_map(name: str, *arguments: str) -> dict[str, Any]:
    """Every key of the ConfigMap, read as the YAML it holds."""
    data = rendered(*arguments)[f"ConfigMap/{name}"].get("data") or {}
    return {key: yaml.safe_load(text) for key, text in data.items()}


def pod_of(objects: Objects) -> dict[str, Any]:
    pod: dict[str, Any] = objects["Deployment/backgroundjob-operator"]["spec"]["template"]["spec"]
    return pod


@pytest.fixture(params=VALUE_SETS)
def objects(request: pytest.FixtureRequest) -> Objects:
    return rendered(*values(request.param))


@pytest.mark.parametrize("name", VALUE_SETS)
def test_lint_has_nothing_to_say(name: str) -> None:
    answer = helm("lint", "--strict", str(CHART), *values(name))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "[WARNING]" not in answer.stdout


RENDERED = {
    "ClusterRole": "edit operator view",
    "ClusterRoleBinding": "operator",
    "ConfigMap": "allow-list config",
    "Deployment": "operator",
    "Role": "allow-list-reader operator",
    "RoleBinding": "operator",
    "Service": "operator",
    "ServiceAccount": "operator",
    "ValidatingAdmissionPolicy": "allow-list anchor shape",
    "ValidatingAdmissionPolicyBinding": "allow-list anchor shape",
}


def test_the_defaults_render_these_objects_and_no_others() -> None:
    expected = {f"{kind}/backgroundjob-{name}" for kind, names in RENDERED.items() for name in names.split()}
    assert rendered().keys() == expected


def test_no_role_has_a_wildcard_or_reads_secrets(objects: Objects) -> None:
    rules = [rule for found in objects.values() for rule in found.get("rules", [])]
    assert rules
    assert [rule for rule in rules if "*" in str(rule) or "secrets" in rule["resources"]] == []


def test_namespaced_objects_name_the_release_namespace(objects: Objects) -> None:
    cluster_wide = ("ClusterRole", "ValidatingAdmissionPolicy")
    inside = {key: found for key, found in objects.items() if not key.startswith(cluster_wide)}
    assert {found["metadata"]["namespace"] for found in inside.values()} == {NAMESPACE}


def test_the_operators_pod_passes_the_restricted_standard(objects: Objects) -> None:
    pod = pod_of(objects)
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] >= 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert [volume.keys() - {"name"} for volume in pod["volumes"]] == [{"emptyDir"}]


def test_the_service_and_the_deployment_select_the_same_pod(objects: Objects) -> None:
    deployment = objects["Deployment/backgroundjob-operator"]["spec"]
    selector = objects["Service/backgroundjob-operator"]["spec"]["selector"]
    assert deployment["selector"]["matchLabels"] == selector
    assert selector.items() <= deployment["template"]["metadata"]["labels"].items()


def test_policies_and_bindings_outlive_the_release(objects: Objects) -> None:
    kept = {key for key, found in objects.items() if "helm.sh/resource-policy" in str(found["metadata"])}
    assert kept == {key for key in objects if key.startswith("ValidatingAdmissionPolicy")}


def test_the_allow_list_policy_and_the_anchor_read_the_release_namespace() -> None:
    elsewhere = rendered("--namespace", "tools")
    for name in ("allow-list", "anchor"):
        read = elsewhere[f"ValidatingAdmissionPolicyBinding/backgroundjob-{name}"]["spec"]["paramRef"]
        assert (read["namespace"], read["name"]) == ("tools", "backgroundjob-allow-list")


def test_every_configuration_topic_is_a_key_of_yaml() -> None:
    config = config_map("backgroundjob-config")
    assert config["priorities"] == {"high": 100, "medium": 0, "low": -100}
    assert config["profiles"] == {"default": {"image": "backgroundjob-runner:0.1.0"}}
    assert config["times"]["keepFailedJobsSeconds"] == 86400
    assert config.keys() == {"defaults", "priorities", "queues", "limits", "profiles", "times"}


def test_an_entry_as_text_keeps_the_order_of_its_params() -> None:
    """Helm sorts the keys of objects; positional args are bound by this order."""
    entry = config_map("backgroundjob-allow-list", *values("sample-jobs"))["EmailJob.send"]
    assert list(entry["params"]["properties"]) == ["to", "subject"]


def test_objects_arrive_with_the_same_values() -> None:
    entry = config_map("backgroundjob-allow-list", *values("production"))["ReportJob.build"]
    given = yaml.safe_load((ROOT / "examples/values/production.yaml").read_text())
    assert entry == given["allowList"]["entries"]["ReportJob.build"]
    # Helm holds numbers as floats: a large one must not arrive as 2.592e+06.
    assert (
        config_map("backgroundjob-config", *values("production"))["defaults"] == given["config"]["defaults"]
    )


TRICKY = {
    "leading spaces": "  target: a:A.b\n  loggable: [x]",
    "quotes and templates": "description: \"a 'b' {{ .Values.image }}\"",
    "blank lines and a comment": "\n# first\n\ntarget: a:A.b",
    "a word YAML 1.1 reads as false": 'namespaces: ["no"]',
}


@pytest.mark.parametrize("text", TRICKY.values(), ids=TRICKY.keys())
@pytest.mark.parametrize("end", ["", "\n", "\n\n"], ids=["no line end", "one line end", "two line ends"])
def test_an_entry_as_text_arrives_unchanged(text: str, end: str, tmp_path: Path) -> None:
    given = tmp_path / "values.yaml"
    given.write_text(yaml.safe_dump({"allowList": {"entries": {"A.b": text + end}}}))
    found = rendered("--values", str(given))["ConfigMap/backgroundjob-allow-list"]["data"]
    assert found == {"A.b": text + "\n"}


def test_null_takes_a_name_away(tmp_path: Path) -> None:
    given = tmp_path / "values.yaml"
    given.write_text(
        "allowList: {entries: {EmailJob.send: null}}\n"
        "config: {priorities: {low: null}, profiles: {heavy: null}}\n"
    )
    both = (*values("sample-jobs"), "--values", str(given))
    assert "EmailJob.send" not in config_map("backgroundjob-allow-list", *both)
    config = config_map("backgroundjob-config", *both)
    assert config["priorities"] == {"high": 100, "medium": 0}
    assert config["profiles"].keys() == {"default"}


def test_an_allow_list_kept_elsewhere_is_not_rendered_and_still_required() -> None:
    found = rendered(*values("allow-list-elsewhere"))
    assert "ConfigMap/backgroundjob-allow-list" not in found
    binding = found["ValidatingAdmissionPolicyBinding/backgroundjob-allow-list"]
    assert binding["spec"]["paramRef"]["parameterNotFoundAction"] == "Deny"


def test_readers_of_the_allow_list_are_bound_to_its_role() -> None:
    binding = rendered(*values("production"))["RoleBinding/backgroundjob-allow-list-reader"]
    assert binding["roleRef"]["name"] == "backgroundjob-allow-list-reader"
    assert [subject["name"] for subject in binding["subjects"]] == ["developers"]


def test_aggregation_can_be_turned_off() -> None:
    assert "aggregate-to" in str(rendered())
    assert "aggregate-to" not in str(rendered("--set", "rbac.aggregateClusterRoles=false"))


DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("given", "image"),
    [
        ("image.tag=", "backgroundjob-operator:0.1.0"),
        ("image.tag=1.2", "backgroundjob-operator:1.2"),
        (f"image.digest={DIGEST}", f"backgroundjob-operator@{DIGEST}"),
    ],
    ids=["app version", "tag", "digest"],
)
def test_the_operators_image(given: str, image: str) -> None:
    assert pod_of(rendered("--set", given))["containers"][0]["image"] == image


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        ("replicas=2", "replicas"),
        ("imagee.tag=1", "imagee"),
        ("config.times.ageingSeconds=1m", "ageingSeconds"),
    ],
)
def test_a_mistake_in_values_stops_helm(mistake: str, named: str) -> None:
    answer = helm("template", "backgroundjob", str(CHART), "--set", mistake)
    assert answer.returncode != 0
    assert named in answer.stderr


def test_the_notes_say_what_is_missing() -> None:
    notes = helm("install", "backgroundjob", str(CHART), "--namespace", NAMESPACE, "--dry-run=client").stdout
    assert f"kubectl -n {NAMESPACE} rollout status deployment/backgroundjob-operator" in notes
    assert "the allow-list is empty" in notes
    assert "holds none of your classes" in notes
