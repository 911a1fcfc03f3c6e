"""SEC-16, SEC-29, SEC-06: what our pods may do, what our images hold, what a pod's variables change."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e_product import NAMESPACE, Document, Namespace, Product
from tests.e2e.security.people import Person, rendered
from tests.e2e.security.probes import bring_code, probes_allowed

RESTRICTED = ("pod-security.kubernetes.io/enforce=restricted", "pod-security.kubernetes.io/warn=restricted")
ROOT_POD = {"name": "main", "image": "localhost/none:1"}


@pytest.fixture
def restricted(namespace: Namespace) -> Namespace:
    """A namespace that lets in what the Pod Security Standard `restricted` allows, and nothing else."""
    namespace.kubectl("label", "namespace", namespace.name, *RESTRICTED)
    assert "violates PodSecurity" in Person(namespace).creating(pod_of({"spec": {"containers": [ROOT_POD]}}))
    return namespace


def pod_of(template: Document) -> Document:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "of-"}, "spec": template["spec"]}


def templates(objects: list[Document]) -> Iterator[tuple[str, Document]]:
    """Every pod that the chart's objects make."""
    for found in objects:
        spec = found.get("spec", {})
        name = f"{found['kind']}/{found['metadata']['name']}"
        if found["kind"] == "Pod":
            yield name, found
        elif "template" in spec:
            yield name, spec["template"]


def test_sec_16_every_pod_of_the_chart_is_let_in(restricted: Namespace, product: Product) -> None:
    found = dict(templates(rendered(product.cluster)))
    assert "Deployment/backgroundjob-operator" in found
    for name, template in found.items():
        template["spec"].pop("serviceAccountName", None)  # it exists in the release namespace only
        assert Person(restricted).creating(pod_of(template), "--dry-run=server") == "", name


def test_sec_16_the_operators_namespace_may_be_restricted(product: Product) -> None:
    kubectl = product.cluster.kubectl
    kubectl("label", "namespace", NAMESPACE, *RESTRICTED)
    try:
        kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/backgroundjob-operator")
        product.wait_ready()
    finally:
        kubectl("label", "namespace", NAMESPACE, *(f"{label.partition('=')[0]}-" for label in RESTRICTED))


def test_sec_16_a_job_runs_there_without_token_and_without_privileges(
    restricted: Namespace, probes: None
) -> None:
    bring_code(restricted).apply("probe", "ProbeJob", "surroundings")
    assert restricted.wait("probe", "Succeeded", "Failed")["result"] == {
        "user": 10001,
        "group": 10001,
        "token": False,
        "writable": ["/tmp"],
        "noNewPrivileges": "1",
        "capabilities": "0000000000000000",
        "ours": [],
    }


def test_sec_29_the_runner_image_holds_no_setuid_program_and_no_installer(probed: Namespace) -> None:
    probed.apply("leftovers", "ProbeJob", "leftovers")
    assert probed.wait("leftovers", "Succeeded", "Failed")["result"] == {"setuid": [], "left": []}


def test_sec_29_the_operator_image_holds_no_setuid_program_and_no_installer(product: Product) -> None:
    ask = (
        "import json\njob = ProbeJob()\nseen = job.surroundings()\n"
        "print(json.dumps([seen['user'], seen['writable'], job.leftovers()]))"
    )
    source = (Path(__file__).parent / "jobs/probe.py").read_text()
    command = ("exec", "deployment/backgroundjob-operator", "--", "python3", "-c", f"{source}\n{ask}")
    told = product.cluster.kubectl("-n", NAMESPACE, *command)
    assert json.loads(told) == [10001, ["/tmp"], {"setuid": [], "left": []}]


def test_sec_06_variables_of_a_users_config_map_move_nothing(namespace: Namespace, product: Product) -> None:
    """A profile with envFrom reads a ConfigMap that the job's users write."""
    forged = {"target": "probes.probe:ProbeJob.surroundings", "params": {}}
    spoofed = {
        "BACKGROUNDJOB_INVOCATION": "/etc/backgroundjob-params/value",
        "BACKGROUNDJOB_RECEIPT": "/tmp/receipt",
        "BACKGROUNDJOB_SECRET_PARAMS": "/tmp",
        "BACKGROUNDJOB_UID": "forged",
    }
    literals = [f"--from-literal={name}={value}" for name, value in spoofed.items()]
    namespace.kubectl("create", "configmap", "spoofed", *literals)
    namespace.kubectl("create", "secret", "generic", "forged", f"--from-literal=value={json.dumps(forged)}")
    source = {"name": "value", "secretKeyRef": {"name": "forged", "key": "value"}}
    with probes_allowed(product, "spoofed", envFrom=[{"configMapRef": {"name": "spoofed"}}]):
        bring_code(namespace).apply("spoof", "ProbeJob", "echo", paramsFrom=[source])
        status = namespace.wait("spoof", "Succeeded", "Failed")
    # The value itself is redacted: it is a secret. What counts is that echo ran, and not surroundings.
    assert (status["state"], status["result"]) == ("Succeeded", ["[redacted]"])
