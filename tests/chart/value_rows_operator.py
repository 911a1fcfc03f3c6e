"""What each value changes: names, the operator's pod, permissions."""

from typing import Final

from tests.chart.value_rows import (
    DIGEST,
    NOTE,
    OPERATOR,
    TEST_ROLES,
    Row,
    annotated,
    container,
    container_has,
    exists,
    gone,
    image_is,
    pod,
    pod_has,
    says,
    told,
)

NAMES: Final = {
    "nameOverride": Row("jobs", lambda o: "jobs" in str(o[OPERATOR]["spec"]["selector"])),
    "fullnameOverride": Row("jobs", exists("Deployment/jobs-operator")),
    "namespaceOverride": Row("tools", exists(f"{OPERATOR} in tools")),
    "commonLabels": Row(
        {"team": "x"},
        lambda o: all(one["metadata"]["labels"].get("team") == "x" for one in [*o.values(), pod(o)]),
    ),
}
POD: Final = {
    "imagePullSecrets": Row([{"name": "regcred"}], pod_has("imagePullSecrets", [{"name": "regcred"}])),
    "image.registry": Row("r.example", image_is("r.example/backgroundjob-operator:0.1.0")),
    "image.repository": Row("a/b", image_is("a/b:0.1.0")),
    "image.tag": Row("9", image_is("backgroundjob-operator:9")),
    "image.digest": Row(DIGEST, image_is(f"backgroundjob-operator@{DIGEST}"), {"image.tag": "9"}),
    "image.pullPolicy": Row("Always", container_has("imagePullPolicy", "Always")),
    "replicaCount": Row(2, says(OPERATOR, "spec", "replicas", value=2)),
    "podAnnotations": Row(NOTE, lambda o: pod(o)["metadata"]["annotations"] == NOTE),
    "podLabels": Row(NOTE, lambda o: pod(o)["metadata"]["labels"]["note"] == "x"),
    "podSecurityContext": Row(
        {"runAsUser": 2000}, lambda o: pod(o)["spec"]["securityContext"]["runAsUser"] == 2000
    ),
    "securityContext": Row(
        {"privileged": False}, lambda o: container(o)["securityContext"]["privileged"] is False
    ),
    "resources": Row({"limits": {"cpu": "2"}}, lambda o: container(o)["resources"]["limits"]["cpu"] == "2"),
    "nodeSelector": Row({"pool": "a"}, pod_has("nodeSelector", {"pool": "a"})),
    "tolerations": Row([{"operator": "Exists"}], pod_has("tolerations", [{"operator": "Exists"}])),
    "affinity": Row({"nodeAffinity": {}}, pod_has("affinity", {"nodeAffinity": {}})),
    "topologySpreadConstraints": Row(
        [{"topologyKey": "zone"}],
        lambda o: (
            [
                (
                    one["topologyKey"],
                    one["labelSelector"]["matchLabels"] == o[OPERATOR]["spec"]["selector"]["matchLabels"],
                )
                for one in pod(o)["spec"]["topologySpreadConstraints"]
            ]
            == [("zone", True)]
        ),
    ),
    "priorityClassName": Row("high", pod_has("priorityClassName", "high")),
    "terminationGracePeriodSeconds": Row(60, pod_has("terminationGracePeriodSeconds", 60)),
    "extraEnv": Row([{"name": "A", "value": "b"}], told("A", "b")),
    "extraVolumes": Row([{"name": "ca"}], lambda o: {"name": "ca"} in pod(o)["spec"]["volumes"]),
    "extraVolumeMounts": Row(
        [{"name": "ca", "mountPath": "/ca"}],
        lambda o: {"name": "ca", "mountPath": "/ca"} in container(o)["volumeMounts"],
    ),
    "livenessProbe": Row(
        {"periodSeconds": 99}, lambda o: container(o)["livenessProbe"]["periodSeconds"] == 99
    ),
    "readinessProbe": Row(
        {"periodSeconds": 99}, lambda o: container(o)["readinessProbe"]["periodSeconds"] == 99
    ),
    "logLevel": Row("debug", told("BACKGROUNDJOB_LOG_LEVEL", "debug")),
    "logFormat": Row("json", told("BACKGROUNDJOB_LOG_FORMAT", "json")),
}
ACCOUNT: Final = "ServiceAccount/backgroundjob-operator"
OWN: Final = ("ClusterRole/backgroundjob-operator", "ClusterRoleBinding/backgroundjob-operator")
PERMISSIONS: Final = {
    "operator.enabled": Row(False, gone(OPERATOR, ACCOUNT, "Service/backgroundjob-operator", *OWN)),
    "serviceAccount.create": Row(False, gone("ServiceAccount/mine"), {"serviceAccount.name": "mine"}),
    "serviceAccount.name": Row("mine", pod_has("serviceAccountName", "mine")),
    "serviceAccount.automount": Row(True, says(ACCOUNT, "automountServiceAccountToken", value=True)),
    "serviceAccount.annotations": Row(NOTE, annotated(ACCOUNT)),
    "rbac.create": Row(False, lambda o: {key for key in o if "Role" in key} <= TEST_ROLES),
    "rbac.clusterRoles": Row(
        False, gone(*(f"ClusterRole/backgroundjob-{role}" for role in ("view", "edit", "admin")))
    ),
    "rbac.aggregateClusterRoles": Row(False, lambda o: "aggregate-to" not in str(o)),
    "watchNamespaces": Row(
        ["shop", "mail"],
        lambda o: (
            told("BACKGROUNDJOB_WATCH_NAMESPACES", "shop,mail")(o)
            and gone(*OWN)(o)
            and {f"Role/backgroundjob-operator in {where}" for where in ("shop", "mail")} <= set(o)
        ),
    ),
    "allowList.readers": Row(
        [{"kind": "Group", "name": "developers"}],
        says("RoleBinding/backgroundjob-allow-list-reader", "subjects", 0, "name", value="developers"),
    ),
}
OPERATOR_ROWS: Final = {**NAMES, **POD, **PERMISSIONS}
