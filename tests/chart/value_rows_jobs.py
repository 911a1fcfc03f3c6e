"""What each value changes: how jobs run, what may run, the test."""

from typing import Final

import yaml

from tests.chart.value_rows import (
    ALLOW_LIST,
    NOTE,
    TEST_ROLES,
    Holds,
    Row,
    annotated,
    exists,
    gone,
    says,
    settings,
)
from tests.chart_tool.helm import Objects

RUNNER: Final = "ServiceAccount/backgroundjob-runner in shop"
WITH_RUNNER: Final = {"runner.serviceAccount.create": True, "runner.serviceAccount.namespaces": ["shop"]}
TEST: Final = "Pod/backgroundjob-test"
ENTRY: Final = "backgroundjob.SelfTest.run"


def profile_account(objects: Objects) -> str:
    account: str = settings(objects, "profiles")["default"]["serviceAccountName"]
    return account


def runs_its_test_in(namespace: str) -> Holds:
    """The test's pod, its Role and the allow-list name this namespace."""
    return lambda o: (
        o[TEST]["spec"]["containers"][0]["env"][0]["value"] == namespace
        and f"Role/backgroundjob-test in {namespace}" in o
        and yaml.safe_load(o[ALLOW_LIST]["data"][ENTRY])["namespaces"] == [namespace]
    )


JOB_ROWS: Final = {
    "runner.serviceAccount.create": Row(
        True,
        lambda o: (
            o[RUNNER]["automountServiceAccountToken"] is False
            and profile_account(o) == "backgroundjob-runner"
        ),
        {"runner.serviceAccount.namespaces": ["shop"]},
    ),
    "runner.serviceAccount.name": Row(
        "jobs", lambda o: "ServiceAccount/jobs in shop" in o and profile_account(o) == "jobs", WITH_RUNNER
    ),
    "runner.serviceAccount.namespaces": Row(
        ["shop"],
        lambda o: RUNNER in o and runs_its_test_in("shop")(o),
        {"runner.serviceAccount.create": True, "watchNamespaces": ["mail", "shop"]}
        | {"runner.serviceAccount.name": "backgroundjob-runner"},
    ),
    "runner.serviceAccount.annotations": Row(NOTE, annotated(RUNNER), WITH_RUNNER),
    "test.enabled": Row(
        False, lambda o: gone(TEST, *TEST_ROLES)(o) and ENTRY not in (o[ALLOW_LIST]["data"] or {})
    ),
    "test.namespace": Row("shop", runs_its_test_in("shop")),
    "test.timeoutSeconds": Row(600, says(TEST, "spec", "activeDeadlineSeconds", value=660)),
    "test.resources": Row(
        {"limits": {"memory": "1Gi"}},
        lambda o: o[TEST]["spec"]["containers"][0]["resources"]["limits"]["memory"] == "1Gi",
    ),
    "extraObjects": Row(
        ["{apiVersion: v1, kind: Secret, metadata: {name: '{{ .Release.Name }}-x'}}"],
        exists("Secret/backgroundjob-x"),
    ),
    "allowList.create": Row(False, gone(ALLOW_LIST)),
    "allowList.entries": Row(
        {"A.b": {"target": "a:A.b"}},
        lambda o: yaml.safe_load(o[ALLOW_LIST]["data"]["A.b"]) == {"target": "a:A.b"},
    ),
    "config.defaults": Row({"queue": "mail"}, lambda o: settings(o, "defaults") == {"queue": "mail"}),
    "config.priorities": Row({"top": 7}, lambda o: settings(o, "priorities")["top"] == 7),
    "config.queues": Row(
        {"mail": {"paused": True}}, lambda o: settings(o, "queues") == {"mail": {"paused": True}}
    ),
    "config.limits.concurrency": Row(7, lambda o: settings(o, "limits") == {"concurrency": 7}),
    "config.profiles.default.image": Row(
        "jobs:1", lambda o: settings(o, "profiles")["default"]["image"] == "jobs:1"
    ),
    **{
        f"config.times.{name}": Row(77, lambda o, name=name: settings(o, "times")[name] == 77)  # type: ignore[misc]
        for name in (
            "startDeadlineSeconds",
            "nodeLostGraceSeconds",
            "ageingSeconds",
            "keepSucceededJobsSeconds",
            "keepFailedJobsSeconds",
        )
    },
}
