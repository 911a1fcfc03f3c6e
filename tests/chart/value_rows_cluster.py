"""What each value changes: the CRD, policies, the Lease, availability, networks, metrics."""

from typing import Final

from tests.chart.value_rows import (
    CRD,
    NOTE,
    OPERATOR,
    PEERS,
    POLICY,
    RELABELING,
    RULES,
    Row,
    annotated,
    environment,
    exists,
    gone,
    says,
    told,
)

LEASE: Final = "BACKGROUNDJOB_LEASE"
CLUSTER: Final = {
    "crds.enabled": Row(False, gone(CRD)),
    "crds.keep": Row(False, lambda o: "annotations" not in o[CRD]["metadata"]),
    "crds.annotations": Row(NOTE, annotated(CRD)),
    "policies.enabled": Row(False, lambda o: not [key for key in o if key.startswith(POLICY)]),
    "policies.guard.enabled": Row(False, gone(f"{POLICY}-guard-jobs", f"{POLICY}-guard-pods")),
    "policies.guard.operators": Row(["other"], lambda o: '"other"' in str(o[f"{POLICY}-guard-jobs"]["spec"])),
    "policies.use.enabled": Row(True, exists(f"{POLICY}-use")),
    "leaderElection.enabled": Row(
        False,
        lambda o: (
            o[OPERATOR]["spec"]["strategy"] == {"type": "Recreate"}
            and LEASE not in environment(o)
            and gone("Role/backgroundjob-operator-lease")(o)
        ),
    ),
    "leaderElection.namespace": Row(
        "leases",
        lambda o: (
            told(f"{LEASE}_NAMESPACE", "leases")(o) and "Role/backgroundjob-operator-lease in leases" in o
        ),
    ),
    "leaderElection.leaseDurationSeconds": Row(30, told(f"{LEASE}_DURATION_SECONDS", "30")),
    "leaderElection.renewDeadlineSeconds": Row(12, told(f"{LEASE}_RENEW_DEADLINE_SECONDS", "12")),
    "leaderElection.retryPeriodSeconds": Row(3, told(f"{LEASE}_RETRY_PERIOD_SECONDS", "3")),
}
BUDGET: Final = "PodDisruptionBudget/backgroundjob-operator"
TWO: Final = {"replicaCount": 2}
NETWORK: Final = "NetworkPolicy/backgroundjob-operator"
CLOSED: Final = {"networkPolicy.enabled": True}
JOBS: Final = "NetworkPolicy/backgroundjob-runner in shop"
JOBS_CLOSED: Final = {"networkPolicy.runner.enabled": True, "networkPolicy.runner.namespaces": ["shop"]}
AVAILABILITY: Final = {
    "podDisruptionBudget.enabled": Row(False, gone(BUDGET), TWO),
    "podDisruptionBudget.minAvailable": Row("50%", says(BUDGET, "spec", "minAvailable", value="50%")),
    "podDisruptionBudget.maxUnavailable": Row(2, says(BUDGET, "spec", "maxUnavailable", value=2), TWO),
    "networkPolicy.enabled": Row(True, exists(NETWORK)),
    "networkPolicy.ingressFrom": Row(PEERS, says(NETWORK, "spec", "ingress", 0, "from", value=PEERS), CLOSED),
    "networkPolicy.dnsPeers": Row(
        PEERS,
        lambda o: [o[key]["spec"]["egress"][0]["to"] for key in (NETWORK, JOBS)] == [PEERS, PEERS],
        CLOSED | JOBS_CLOSED,
    ),
    "networkPolicy.apiServer.peers": Row(
        PEERS, says(NETWORK, "spec", "egress", 1, "to", value=PEERS), CLOSED
    ),
    "networkPolicy.apiServer.ports": Row(
        [16443],
        says(NETWORK, "spec", "egress", 1, "ports", value=[{"protocol": "TCP", "port": 16443}]),
        CLOSED,
    ),
    "networkPolicy.egress": Row(RULES, lambda o: RULES[0] in o[NETWORK]["spec"]["egress"], CLOSED),
    "networkPolicy.runner.enabled": Row(True, exists(JOBS), {"networkPolicy.runner.namespaces": ["shop"]}),
    "networkPolicy.runner.namespaces": Row(
        ["shop"], exists(JOBS), {"networkPolicy.runner.enabled": True, "watchNamespaces": ["mail"]}
    ),
    "networkPolicy.runner.egress": Row(RULES, lambda o: RULES[0] in o[JOBS]["spec"]["egress"], JOBS_CLOSED),
}


def monitor(kind: str, name: str, endpoints: str) -> dict[str, Row]:
    key, path, given = f"{kind}/backgroundjob-operator", f"metrics.{name}", {f"metrics.{name}.enabled": True}
    scrape = ("spec", endpoints, 0)
    return {
        f"{path}.enabled": Row(True, exists(key)),
        f"{path}.labels": Row(NOTE, annotated(key, "labels"), given),
        f"{path}.interval": Row("5s", says(key, *scrape, "interval", value="5s"), given),
        f"{path}.scrapeTimeout": Row("5s", says(key, *scrape, "scrapeTimeout", value="5s"), given),
        f"{path}.relabelings": Row(RELABELING, says(key, *scrape, "relabelings", value=RELABELING), given),
        f"{path}.metricRelabelings": Row(
            RELABELING, says(key, *scrape, "metricRelabelings", value=RELABELING), given
        ),
    }


RULE: Final = "PrometheusRule/backgroundjob-operator"
WITH_RULE: Final = {"metrics.prometheusRule.enabled": True}
EXTRA_RULE: Final = {"alert": "Mine", "expr": "vector(1)"}
DASHBOARD: Final = "ConfigMap/backgroundjob-dashboard"
WITH_DASHBOARD: Final = {"metrics.grafanaDashboard.enabled": True}
METRICS: Final = {
    **monitor("ServiceMonitor", "serviceMonitor", "endpoints"),
    **monitor("PodMonitor", "podMonitor", "podMetricsEndpoints"),
    "metrics.prometheusRule.enabled": Row(True, exists(RULE)),
    "metrics.prometheusRule.labels": Row(NOTE, annotated(RULE, "labels"), WITH_RULE),
    "metrics.prometheusRule.extraRules": Row(
        [EXTRA_RULE], lambda o: EXTRA_RULE in o[RULE]["spec"]["groups"][0]["rules"], WITH_RULE
    ),
    "metrics.grafanaDashboard.enabled": Row(True, exists(DASHBOARD)),
    "metrics.grafanaDashboard.labels": Row(NOTE, annotated(DASHBOARD, "labels"), WITH_DASHBOARD),
    "metrics.grafanaDashboard.annotations": Row(NOTE, annotated(DASHBOARD), WITH_DASHBOARD),
}
CLUSTER_ROWS: Final = {**CLUSTER, **AVAILABILITY, **METRICS}
