"""What a real API server makes of the CRD and of the shape and allow-list policies, case by case.

The allow-list of the installation names EmailJob.send. The operator is away meanwhile: it would answer
these objects itself.
"""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from e2e_product import Product
from tests.cluster.errors import CommandError
from tests.cluster.protocol import Cluster
from tests.e2e.contract_cases.creations import CREATIONS, Creation
from tests.e2e.contract_cases.updates import UPDATES, Change, Stage, Update

NAMESPACE = "contract-cases"
SYSTEM = "backgroundjob-system"
OPERATOR = "deployment/backgroundjob-operator"
FIELDS = {
    "params": {"to": "a", "n": None},
    "args": [None, 1],
    "priority": "high",
    "delaySeconds": 5,
    "retry": {"maxAttempts": 3},
    "queue": "mail",
    "dependsOn": [{"name": "b"}],
}


@pytest.fixture(scope="module")
def api(cluster: Cluster, product: Product) -> Iterator["Api"]:
    """A namespace of its own, without the operator."""
    cluster.kubectl("-n", SYSTEM, "scale", OPERATOR, "--replicas=0")
    cluster.kubectl("-n", SYSTEM, "rollout", "status", OPERATOR, "--timeout=60s")
    cluster.kubectl("create", "namespace", NAMESPACE)
    yield Api(cluster)
    cluster.kubectl("delete", "namespace", NAMESPACE)
    cluster.kubectl("-n", SYSTEM, "scale", OPERATOR, "--replicas=1")
    cluster.kubectl("-n", SYSTEM, "rollout", "status", OPERATOR, "--timeout=120s")


class Api:
    """Creates and changes BackgroundJobs; answers are empty or the API server's refusal."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._numbers = count(1)
        self._shared: dict[Stage, str] = {}

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self._cluster.kubectl("-n", NAMESPACE, *arguments, stdin=stdin)

    def create(self, name: str, fields: dict[str, Any], *options: str) -> str:
        document = {
            "apiVersion": "backgroundjob.dev/v1alpha1",
            "kind": "BackgroundJob",
            "metadata": {"name": name},
            "spec": {"class": "EmailJob", "method": "send"} | fields,
        }
        return self._refusal("create", "--validate=strict", *options, "-f", "-", stdin=json.dumps(document))

    def change(self, name: str, change: Change) -> str:
        part, patch = change
        subresource = ("--subresource=status",) if part == "status" else ()
        text = json.dumps({part: patch})
        return self._refusal("patch", "bgj", name, *subresource, "--type=merge", "-p", text)

    def in_stage(self, stage: Stage, *, fresh: bool) -> str:
        """Name of an object in that stage: a new one, or one that only refused changes were tried on."""
        if not fresh and stage in self._shared:
            return self._shared[stage]
        name = f"{stage.name.lower().replace('_', '-')}-{next(self._numbers)}"
        answers = [self.create(name, FIELDS), *(self.change(name, change) for change in stage.value)]
        assert answers == [""] * len(answers)
        if not fresh:
            self._shared[stage] = name
        return name

    def _refusal(self, *arguments: str, stdin: str | None = None) -> str:
        try:
            self.kubectl(*arguments, stdin=stdin)
        except CommandError as error:
            return error.output
        return ""


def check(answer: str, refusal: str) -> None:
    assert refusal in answer
    assert refusal or not answer


@pytest.mark.parametrize("case", CREATIONS.values(), ids=CREATIONS.keys())
def test_creating(api: Api, case: Creation) -> None:
    check(api.create(case.name, case.spec, "--dry-run=server"), case.refusal)


@pytest.mark.parametrize("case", UPDATES.values(), ids=UPDATES.keys())
def test_changing(api: Api, case: Update) -> None:
    name = api.in_stage(case.stage, fresh=not case.refusal)
    change = ("spec", case.spec) if case.spec is not None else ("status", case.status or {})
    check(api.change(name, change), case.refusal)


def test_a_refused_object_is_not_stored(api: Api) -> None:
    assert "not in the allow-list" in api.create("refused", {"method": "sned"})
    assert api.kubectl("get", "bgj", "refused", "--ignore-not-found") == ""


def test_kubectl_waits_for_completion(api: Api) -> None:
    name = api.in_stage(Stage.COMPLETED, fresh=False)
    assert "condition met" in api.kubectl("wait", "--for=condition=Complete", f"bgj/{name}", "--timeout=5s")


def test_class_and_state_are_selectable(api: Api) -> None:
    name = api.in_stage(Stage.STARTED, fresh=False)
    found = api.kubectl(
        "get", "bgj", "-o", "name", "--field-selector", "spec.class=EmailJob,status.state=Running"
    )
    assert f"backgroundjob.backgroundjob.dev/{name}" in found.split()


def test_priority_is_not_selectable(api: Api) -> None:
    with pytest.raises(CommandError, match="not supported"):
        api.kubectl("get", "bgj", "--field-selector", "spec.priority=1")


def test_the_category_lists_it_and_all_does_not(api: Api) -> None:
    name = api.in_stage(Stage.NEW, fresh=False)
    assert name in api.kubectl("get", "background")
    assert name not in api.kubectl("get", "all")


def test_a_status_in_the_main_resource_is_ignored(api: Api) -> None:
    name = api.in_stage(Stage.NEW, fresh=True)
    assert api.change(name, ("spec", {"suspend": True})) == ""
    api.kubectl("patch", "bgj", name, "--type=merge", "-p", '{"status":{"state":"Failed"}}')
    assert api.kubectl("get", "bgj", name, "-o", "jsonpath={.status.state}") == ""


def test_explain_describes_the_retry_fields(api: Api) -> None:
    text = " ".join(api.kubectl("explain", "bgjob.spec.retry").split())
    assert "How many attempts may be charged to the job, the first included" in text
    assert "maxDisruptions" in text
