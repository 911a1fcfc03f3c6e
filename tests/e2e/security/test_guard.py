"""SEC-05: what carries our labels or the runner's ServiceAccount comes from the operator alone."""

import json
from collections.abc import Callable

import pytest

from backgroundjob.api.labels import UID_LABEL
from backgroundjob_operator.engine.names import job_name
from e2e_product import NAMESPACE, Document, Namespace, Product
from tests.cluster.protocol import wait_for
from tests.e2e.faults.settings import ConfigMapEditor
from tests.e2e.security.people import Person, bound, documents, job, pod

LABELS = "the labels backgroundjob.dev/uid, name and attempt are reserved"
ACCOUNT = "the service account backgroundjob-runner is reserved"
RUNNER = "backgroundjob-runner"


@pytest.fixture(scope="module")
def editor(module_namespace: Namespace) -> Person:
    """Somebody with the built-in role edit: creates Jobs, pods and whatever makes them."""
    module_namespace.kubectl("create", "serviceaccount", RUNNER)
    return bound(module_namespace, "ed", "edit")


def labelled(document: Document, *, template: bool = False, label: str = UID_LABEL) -> Document:
    where = document["spec"]["template"] if template else document
    where["metadata"]["labels"][label] = "forged"
    return document


def of_a_job(document: Document) -> Document:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "x", "uid": "u", "controller": True}
    document["metadata"]["ownerReferences"] = [owner]
    return document


def with_account(document: Document, field: str = "serviceAccountName") -> Document:
    document["spec"]["template"]["spec"][field] = RUNNER
    return document


FORGERIES: dict[str, tuple[Document, str]] = {
    "a Job with our uid": (labelled(job()), LABELS),
    "a Job with our name": (labelled(job(), label="backgroundjob.dev/name"), LABELS),
    "a Job whose pods get our uid": (labelled(job(), template=True), LABELS),
    "a Job of the runner's account": (with_account(job()), ACCOUNT),
    "a Job of the account's old field": (with_account(job(), "serviceAccount"), ACCOUNT),
    "a pod with our uid": (labelled(pod()), LABELS),
    "a pod with our attempt": (labelled(pod(), label="backgroundjob.dev/attempt"), LABELS),
    "a pod with our uid that names a Job": (of_a_job(labelled(pod())), LABELS),
    "a pod of the runner's account": (pod(serviceAccountName=RUNNER), ACCOUNT),
    "a pod of the account's old field": (pod(serviceAccount=RUNNER), ACCOUNT),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_sec_05_nobody_creates_what_looks_like_ours(editor: Person, forgery: str) -> None:
    document, words = FORGERIES[forgery]
    for person in (editor, Person(editor.namespace)):
        assert words in person.creating(document, "--dry-run=server")


@pytest.mark.parametrize("kind", [pod, job])
def test_sec_05_what_does_not_look_like_ours_is_left_alone(
    editor: Person, kind: Callable[[str], Document]
) -> None:
    assert editor.creating(kind("plain")) == ""
    name = f"{kind.__name__}/plain"
    assert editor.refusal("label", name, "app=other", "--overwrite") == ""
    assert LABELS in editor.refusal("label", name, f"{UID_LABEL}=forged")


def test_sec_05_the_template_of_a_suspended_job_gets_no_label_of_ours(editor: Person) -> None:
    assert editor.creating(job("later", suspend=True)) == ""
    patch = {"spec": {"template": {"metadata": {"labels": {UID_LABEL: "forged"}}}}}
    assert LABELS in editor.refusal("patch", "job", "later", "--type=merge", "-p", json.dumps(patch))


def test_sec_05_a_deployment_gets_no_pod_that_looks_like_ours(editor: Person) -> None:
    template = labelled(pod())
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "around"},
        "spec": {
            "selector": {"matchLabels": {"app": "mine"}},
            "template": {
                "metadata": template["metadata"],
                "spec": {"containers": pod()["spec"]["containers"]},
            },
        },
    }
    assert editor.creating(document) == ""
    read = "jsonpath={.status.conditions[?(@.type=='ReplicaFailure')].message}"
    wait_for(
        lambda: LABELS in editor.kubectl("get", "deployment", "around", "-o", read),
        "the refusal of the Deployment's pods",
        timeout_seconds=30,
    )
    assert editor.kubectl("get", "pods", "-l", UID_LABEL, "-o", "name") == ""


def test_sec_05_the_cron_job_controller_creates_no_job_that_looks_like_ours(editor: Person) -> None:
    controller = Person(editor.namespace, "system:serviceaccount:kube-system:cronjob-controller")
    assert controller.creating(job("plain-of-cron"), "--dry-run=server") == ""
    assert LABELS in controller.creating(labelled(job(), template=True), "--dry-run=server")
    assert ACCOUNT in controller.creating(with_account(job()), "--dry-run=server")


def test_sec_05_labels_of_an_attempt_stay_as_the_operator_set_them(editor: Person) -> None:
    space = editor.namespace
    space.apply("mail", "EmailJob", "send", params={"to": "a@example.org"})
    space.wait("mail", "Succeeded")
    [started] = documents(editor.kubectl("get", "pods", "-l", "backgroundjob.dev/name=mail", "-o", "json"))
    name = started["metadata"]["labels"]["job-name"]
    for target in (f"job/{name}", f"pod/{started['metadata']['name']}"):
        assert LABELS in editor.refusal("label", target, f"{UID_LABEL}-")
        assert LABELS in editor.refusal("label", target, "backgroundjob.dev/attempt=2", "--overwrite")


def test_sec_05_a_planted_job_of_the_computed_name_is_never_adopted(editor: Person) -> None:
    space = editor.namespace
    space.apply("victim", "EmailJob", "send", params={"to": "a@example.org"}, suspend=True)
    uid = space.get("victim")["metadata"]["uid"]
    name = job_name("victim", uid, 1)
    planted = job(name, suspend=True)
    planted["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "backgroundjob.dev/v1alpha1",
            "kind": "BackgroundJob",
            "name": "victim",
            "uid": uid,
            "controller": True,
        }
    ]
    assert editor.creating(planted) == ""
    space.kubectl("patch", "bgjob", "victim", "--type=merge", "-p", '{"spec":{"suspend":false}}')
    log = ("-n", NAMESPACE, "logs", "deployment/backgroundjob-operator", "--tail=200")
    wait_for(
        lambda: f"Job {name} exists and belongs to something else" in space.product.cluster.kubectl(*log),
        "the operator's refusal",
        timeout_seconds=30,
    )
    assert space.status("victim").get("state") not in ("Running", "Succeeded")
    editor.kubectl("delete", "job", name)
    assert space.wait("victim", "Succeeded")["attemptCount"] == 1


def test_sec_05_the_operator_may_use_the_runners_account(editor: Person, product: Product) -> None:
    config = ConfigMapEditor(product.cluster, "backgroundjob-config")
    allow_list = ConfigMapEditor(product.cluster, "backgroundjob-allow-list")
    entry = {"target": "jobs.email:EmailJob.send", "profile": "accountable"}
    profile = {"image": product.images.examples, "imagePullPolicy": "Never", "serviceAccountName": RUNNER}
    present = config.read()["profiles"]
    with (
        config.changed({"profiles": f"{present}\naccountable: {json.dumps(profile)}\n"}),
        allow_list.changed({"EmailJob.accountable": json.dumps(entry | {"params": {}})}),
    ):
        editor.namespace.apply("accountable", "EmailJob", "accountable")
        status = editor.namespace.wait("accountable", "Failed", "Succeeded")
    # params is empty, so the method misses its argument: the pod was let in and ran.
    assert status["attempts"][0]["cause"] == "NotLoadable"
    selector = "backgroundjob.dev/name=accountable"
    [found] = documents(editor.kubectl("get", "pods", "-l", selector, "-o", "json"))
    assert found["spec"]["serviceAccountName"] == RUNNER
