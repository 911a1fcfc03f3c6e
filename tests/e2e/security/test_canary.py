"""SEC-09: a secret parameter lies in its Secret alone, and a plain one where it must and nowhere else."""

import base64
import json
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from e2e_product import NAMESPACE, Namespace, Product
from tests.cluster.commands import run
from tests.cluster.components import ETCD
from tests.cluster.embedded import EmbeddedCluster

SECRET: Final = secrets.token_hex(16)
PLAIN: Final = secrets.token_hex(16)
PROXY: Final = f"/api/v1/namespaces/{NAMESPACE}/services/backgroundjob-operator:http/proxy"
ASK_ETCD: Final = """
import sys, urllib.request
question = b'{"key": "AA==", "range_end": "AA=="}'  # every key
with urllib.request.urlopen(sys.argv[1] + "/v3/kv/range", data=question, timeout=60) as answer:
    sys.stdout.write(answer.read().decode())
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A namespace in which a job with both canaries has ended, well and badly."""

    namespace: Namespace

    def kept(self, canary: str) -> set[str]:
        """Keys of etcd whose values hold the canary in any of its usual forms."""
        forms = [form.encode() for form in traces(canary)]
        return {key for key, value in etcd(self.namespace.product) if any(form in value for form in forms)}


@pytest.fixture(scope="module")
def scene(module_probed: Namespace) -> Scene:
    space = module_probed
    space.kubectl("create", "secret", "generic", "canary", f"--from-literal=value={SECRET}")
    source = {"name": "value", "secretKeyRef": {"name": "canary", "key": "value"}}
    for name, method in (("good", "both"), ("bad", "fail")):
        space.apply(
            name, "ProbeJob", method, params={"plain": PLAIN}, paramsFrom=[source], retry={"maxAttempts": 1}
        )
        space.wait(name, "Succeeded", "Failed")
    assert space.status("good")["state"] == "Succeeded"
    assert space.status("bad")["attempts"][0]["cause"] == "AppError"
    return Scene(space)


def etcd(product: Product) -> Iterator[tuple[str, bytes]]:
    """Everything that etcd holds now."""
    if not isinstance(product.cluster, EmbeddedCluster):
        pytest.fail(f"the etcd of a {product.cluster.name} cluster cannot be read: choose embedded")
    answer: dict[str, Any] = json.loads(run(product.cluster.command([sys.executable, "-c", ASK_ETCD, ETCD])))
    for pair in answer["kvs"]:
        yield base64.b64decode(pair["key"]).decode(), base64.b64decode(pair.get("value", ""))


def traces(canary: str) -> list[str]:
    """What the canary looks like as it is, as hex and inside base64."""
    encoded = [base64.b64encode(b"x" * offset + canary.encode()).decode()[4:-4] for offset in range(3)]
    return [canary, canary.encode().hex(), *encoded]


def test_sec_09_etcd_holds_a_secret_parameter_in_its_secret_alone(scene: Scene) -> None:
    assert scene.kept(SECRET) == {f"/registry/secrets/{scene.namespace.name}/canary"}


def test_sec_09_etcd_holds_a_parameter_in_its_object_its_job_and_its_pod_alone(scene: Scene) -> None:
    space = scene.namespace.name
    places = {key.rpartition("/")[0] for key in scene.kept(PLAIN)}
    assert places == {
        f"/registry/backgroundjob.dev/backgroundjobs/{space}",
        f"/registry/jobs/{space}",
        f"/registry/pods/{space}",
    }


def test_sec_09_the_operator_tells_no_parameter(scene: Scene) -> None:
    space, kubectl = scene.namespace, scene.namespace.product.cluster.kubectl
    log = kubectl("-n", NAMESPACE, "logs", "deployment/backgroundjob-operator", "--tail=-1")
    told = {
        "its log": (log, f"{space.name}/bad"),
        "its metrics": (kubectl("get", "--raw", f"{PROXY}/metrics"), "backgroundjob_transitions_total"),
        "Events": (space.kubectl("get", "events", "-o", "yaml"), "RetriesExhausted"),
    }
    for place, (text, sure_to_be_there) in told.items():
        assert sure_to_be_there in text, place
        assert SECRET not in text, place
        assert PLAIN not in text, place
