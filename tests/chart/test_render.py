"""What Helm makes of the chart: `helm lint --strict` and `helm template`, for the defaults and every example.

BACKGROUNDJOB_HELM and BACKGROUNDJOB_KUBE_VERSION choose another helm and another Kubernetes.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.needs_helm import needs_helm
from tests.chart_tool.helm import CHART, NAMESPACE, ROOT, Objects, helm, kube_version, rendered, template

EXAMPLES = sorted((ROOT / "examples/values").glob("*.yaml"))
VALUE_SETS = {"defaults": None} | {path.stem: path for path in EXAMPLES}
pytestmark = needs_helm


def values(name: str) -> tuple[str, ...]:
    path = VALUE_SETS[name]
    return ("--values", str(path)) if path else ()


TEST_POD = "Pod/backgroundjob-test"


def environment(*arguments: str) -> dict[str, str]:
    """The operator's variables: their value, or the field that it comes from."""
    (container,) = pod_of(rendered(*arguments))["containers"]
    return {
        one["name"]: one["value"] if "value" in one else one["valueFrom"]["fieldRef"]["fieldPath"]
        for one in container["env"]
    }


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
    answer = helm("lint", "--strict", str(CHART), *kube_version(), *values(name))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "[WARNING]" not in answer.stdout


RENDERED = {
    "ClusterRole": "admin edit operator view",
    "ClusterRoleBinding": "operator",
    "ConfigMap": "allow-list config",
    "Deployment": "operator",
    "Pod": "test",
    "Role": "allow-list-reader operator-config operator-lease test",
    "RoleBinding": "operator-config operator-lease test",
    "Service": "operator",
    "ServiceAccount": "operator test",
    "ValidatingAdmissionPolicy": "allow-list anchor guard-jobs guard-pods shape",
    "ValidatingAdmissionPolicyBinding": "allow-list anchor guard-jobs guard-pods shape",
}
CRD = "CustomResourceDefinition/backgroundjobs.backgroundjob.dev"
CLUSTER_WIDE = ("ClusterRole", "CustomResourceDefinition", "ValidatingAdmissionPolicy")


def test_the_defaults_render_these_objects_and_no_others() -> None:
    expected = {f"{kind}/backgroundjob-{name}" for kind, names in RENDERED.items() for name in names.split()}
    assert rendered().keys() == expected | {CRD}


def test_an_object_names_its_namespace_unless_it_is_cluster_wide(objects: Objects) -> None:
    without = {key for key, found in objects.items() if "namespace" not in found["metadata"]}
    assert without == {key for key in objects if key.startswith(CLUSTER_WIDE)}


def test_the_only_hooks_are_those_of_the_test_and_none_is_a_job(objects: Objects) -> None:
    hooks = {
        key: found["metadata"]["annotations"]["helm.sh/hook"]
        for key, found in objects.items()
        if "helm.sh/hook" in found["metadata"].get("annotations", {})
    }
    assert set(hooks.values()) == {"test"}
    assert {key.partition("/")[0] for key in objects} & {"Job", "CronJob"} == set()


@pytest.mark.parametrize("of", ["operator", "test"])
def test_a_pod_passes_the_restricted_standard(objects: Objects, of: str) -> None:
    pod = pod_of(objects) if of == "operator" else objects[TEST_POD]["spec"]
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
    assert [volume.keys() - {"name"} for volume in pod.get("volumes", [])] in ([], [{"emptyDir"}])


def test_only_the_operators_pod_asks_for_its_token(objects: Objects) -> None:
    assert objects["ServiceAccount/backgroundjob-operator"]["automountServiceAccountToken"] is False
    pod = pod_of(objects)
    assert (pod["automountServiceAccountToken"], pod["serviceAccountName"]) == (
        True,
        "backgroundjob-operator",
    )


def test_a_crash_leaves_its_last_words_in_the_status(objects: Objects) -> None:
    (container,) = pod_of(objects)["containers"]
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_the_operator_learns_its_settings_from_these_variables() -> None:
    assert environment() == {
        "BACKGROUNDJOB_NAMESPACE": "metadata.namespace",
        "BACKGROUNDJOB_POD_NAME": "metadata.name",
        "BACKGROUNDJOB_POD_UID": "metadata.uid",
        "BACKGROUNDJOB_ALLOW_LIST": "backgroundjob-allow-list",
        "BACKGROUNDJOB_CONFIG": "backgroundjob-config",
        "BACKGROUNDJOB_LOG_FORMAT": "text",
        "BACKGROUNDJOB_LOG_LEVEL": "info",
        "BACKGROUNDJOB_HTTP_PORT": "8080",
        "BACKGROUNDJOB_PROBE_ADMISSION": "true",
        "BACKGROUNDJOB_LEASE": "backgroundjob-operator",
        "BACKGROUNDJOB_LEASE_NAMESPACE": NAMESPACE,
        "BACKGROUNDJOB_LEASE_DURATION_SECONDS": "15",
        "BACKGROUNDJOB_LEASE_RENEW_DEADLINE_SECONDS": "10",
        "BACKGROUNDJOB_LEASE_RETRY_PERIOD_SECONDS": "2",
    }


def test_probes_and_service_meet_the_operators_port() -> None:
    (container,) = pod_of(rendered())["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    (port,) = rendered()["Service/backgroundjob-operator"]["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (8080, "http")


def test_the_service_and_the_deployment_select_the_same_pod(objects: Objects) -> None:
    deployment = objects["Deployment/backgroundjob-operator"]["spec"]
    selector = objects["Service/backgroundjob-operator"]["spec"]["selector"]
    assert deployment["selector"]["matchLabels"] == selector
    assert selector.items() <= deployment["template"]["metadata"]["labels"].items()


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
    assert found["A.b"] == text + "\n"


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


DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("given", "image"),
    [
        ("image.tag=", "backgroundjob-operator:0.1.0"),
        ("image.tag=1.2", "backgroundjob-operator:1.2"),
        (f"image.tag=1.2,image.digest={DIGEST}", f"backgroundjob-operator@{DIGEST}"),
        ("image.registry=r.example:5000", "r.example:5000/backgroundjob-operator:0.1.0"),
    ],
    ids=["app version", "tag", "digest over tag", "registry"],
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
    answer = template("--set", mistake)
    assert answer.returncode != 0
    assert named in answer.stderr
