"""Values that contradict each other stop Helm with a sentence; what is merely unwise is told after it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.chart.needs_helm import needs_helm
from tests.chart_tool.helm import CHART, NAMESPACE, ROOT, rendered, template

pytestmark = needs_helm

REFUSED = {
    "replicaCount=2,leaderElection.enabled=false": "replicaCount is 2 without leaderElection.enabled",
    "leaderElection.renewDeadlineSeconds=15": "leaseDurationSeconds 15, renewDeadlineSeconds 15",
    "leaderElection.retryPeriodSeconds=10": "renewDeadlineSeconds 10, retryPeriodSeconds 10",
    "podDisruptionBudget.minAvailable=1,podDisruptionBudget.maxUnavailable=1": "Kubernetes takes one",
    "metrics.serviceMonitor.enabled=true,metrics.podMonitor.enabled=true": "are both enabled",
    "serviceAccount.create=false": "serviceAccount.name is empty",
    "runner.serviceAccount.create=true": "list the namespaces that run jobs",
    "networkPolicy.runner.enabled=true": "list the namespaces that run jobs",
    "watchNamespaces={shop},test.namespace=mail": "would run in mail, which is not in watchNamespaces",
    "watchNamespaces={shop},runner.serviceAccount.create=true,runner.serviceAccount.namespaces={mail}": (
        "which is not in watchNamespaces"
    ),
    "runner.serviceAccount.name=default": "the guard would refuse most pods",
    "runner.serviceAccount.name=backgroundjob-operator": "the guard would refuse the operator's pods",
    "dashboard.enabled=true": "the dashboard is not part of this version yet",
}


@pytest.mark.parametrize("given", REFUSED)
def test_a_contradiction_stops_helm_with_a_sentence(given: str) -> None:
    answer = template("--set", given)
    assert answer.returncode != 0
    assert REFUSED[given] in answer.stderr


def test_every_contradiction_is_told_at_once() -> None:
    both = template("--set", "dashboard.enabled=true,serviceAccount.create=false").stderr
    assert both.count("\n- ") == 2


ACCEPTED = (
    "replicaCount=2",
    "serviceAccount.create=false,serviceAccount.name=mine",
    "runner.serviceAccount.create=true,watchNamespaces={shop}",
    "networkPolicy.runner.enabled=true,watchNamespaces={shop}",
    "podDisruptionBudget.minAvailable=0",
)


@pytest.mark.parametrize("given", ACCEPTED)
def test_what_resolves_a_contradiction_is_accepted(given: str) -> None:
    assert template("--set", given).stderr == ""


NOTES = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: notes}
data:
  text: {{ tpl (.Files.Get "NOTES.txt") . | quote }}
"""


@pytest.fixture(scope="module")
def chart_with_notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart with its notes as an object too: Helm 3 renders notes only with a cluster at hand."""
    chart = tmp_path_factory.mktemp("chart") / "backgroundjob"
    shutil.copytree(CHART, chart)
    shutil.copy(CHART / "templates/NOTES.txt", chart)
    (chart / "templates/notes.yaml").write_text(NOTES)
    return chart


@pytest.fixture
def notes(chart_with_notes: Path) -> Callable[..., str]:
    def told(*arguments: str) -> str:
        answer = template(*arguments, "--show-only", "templates/notes.yaml", chart=chart_with_notes)
        text: str = yaml.safe_load(answer.stdout)["data"]["text"]
        return text

    return told


def test_the_notes_give_the_next_commands(notes: Callable[..., str]) -> None:
    text = notes("--set", "fullnameOverride=jobs,watchNamespaces={shop}")
    assert f"kubectl -n {NAMESPACE} rollout status deployment/jobs-operator" in text
    assert f"helm test backgroundjob -n {NAMESPACE}" in text
    assert "kubectl get backgroundjobs -n shop --watch" in text


WARNED = {
    "": ("one replica", "cluster-wide", "allow-list is empty", "holds none of your classes"),
    "replicaCount=2,watchNamespaces={shop},allowList.entries.A\\.b.target=a:A.b,"
    "config.profiles.default.image=jobs:1": (),
    "crds.keep=false": ("crds.keep is false",),
    "policies.enabled=false": ("policies.enabled is false",),
    "allowList.create=false": ("allowList.create is false", "backgroundjob.SelfTest.run"),
    "operator.enabled=false": ("operator.enabled is false",),
}


@pytest.mark.parametrize("given", WARNED)
def test_the_notes_warn_of_what_is_allowed_and_unwise(notes: Callable[..., str], given: str) -> None:
    text = notes("--set", given)
    assert text
    missing = [warning for warning in WARNED[given] if warning not in text]
    assert missing == []
    assert ("WARNING" in text) is bool(WARNED[given])


def test_a_release_without_the_crd_says_where_it_is(notes: Callable[..., str]) -> None:
    assert "apply crds/ before each upgrade" in notes("--set", "crds.enabled=false")
    assert (ROOT / "crds").is_dir()


def test_a_namespace_that_looks_like_a_number_stays_a_name() -> None:
    options = ["--namespace=123", "--set-string=watchNamespaces={456}"]
    namespaces = {found["metadata"].get("namespace", "") for found in rendered(*options).values()}
    assert namespaces == {"", "123", "456"}
    operator = rendered(*options)["Deployment/backgroundjob-operator in 123"]
    (container,) = operator["spec"]["template"]["spec"]["containers"]
    assert {type(one.get("value", "")) for one in container["env"]} == {str}


LABELS_THAT_GRANT = (
    "commonLabels.rbac\\.authorization\\.k8s\\.io/aggregate-to-edit=true",
    "commonLabels.backgroundjob\\.dev/uid=1",
    "podLabels.backgroundjob\\.dev/uid=1",
)


@pytest.mark.parametrize("label", LABELS_THAT_GRANT)
def test_a_label_that_grants_rights_or_poses_as_a_job_is_refused(label: str) -> None:
    answer = template("--set-string", label)
    assert answer.returncode != 0
    name = label.partition(".")[2].partition("=")[0].replace("\\", "")
    assert name in answer.stderr
