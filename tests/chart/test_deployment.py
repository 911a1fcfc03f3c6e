"""The operator's Deployment, Service and ServiceAccount, read without Helm."""

import re
from pathlib import Path
from typing import Any

import yaml

TEMPLATES = Path(__file__).parents[2] / "charts/backgroundjob/templates"


def template(name: str) -> dict[str, Any]:
    """The template's object without lines that only Helm reads; a value within a line reads `templated`."""
    text = re.sub(r"^\s*\{\{.*\}\}\s*$", "", (TEMPLATES / f"{name}.yaml").read_text(), flags=re.MULTILINE)
    found: dict[str, Any] = yaml.safe_load(re.sub(r"\{\{.*?\}\}", "templated", text))
    return found


DEPLOYMENT = template("deployment")["spec"]
POD = DEPLOYMENT["template"]["spec"]
(CONTAINER,) = POD["containers"]


def test_one_operator_writes_at_a_time() -> None:
    assert (DEPLOYMENT["replicas"], DEPLOYMENT["strategy"]) == (1, {"type": "Recreate"})


def test_only_the_operators_pod_gets_the_token() -> None:
    assert template("serviceaccount")["automountServiceAccountToken"] is False
    assert POD["automountServiceAccountToken"] is True
    assert POD["serviceAccountName"] == template("serviceaccount")["metadata"]["name"]


def test_the_operator_learns_its_settings_from_these_variables() -> None:
    given = {one["name"]: one.get("value") or one["valueFrom"] for one in CONTAINER["env"]}
    assert given == {
        "BACKGROUNDJOB_NAMESPACE": {"fieldRef": {"fieldPath": "metadata.namespace"}},
        "BACKGROUNDJOB_ALLOW_LIST": "backgroundjob-allow-list",
        "BACKGROUNDJOB_CONFIG": "backgroundjob-config",
        "BACKGROUNDJOB_LOG_FORMAT": "templated",
        "BACKGROUNDJOB_HTTP_PORT": "8080",
    }


def test_probes_and_service_meet_the_operators_port() -> None:
    assert CONTAINER["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    assert CONTAINER["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert CONTAINER["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    (port,) = template("service")["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (8080, "http")


def test_the_only_writable_place_is_tmp() -> None:
    assert CONTAINER["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]
    assert POD["volumes"] == [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}]


def test_a_crash_leaves_its_last_words_in_the_status() -> None:
    assert CONTAINER["terminationMessagePolicy"] == "FallbackToLogsOnError"
