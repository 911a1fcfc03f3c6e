"""Parameters from Secrets: they reach the method and nothing else, and a missing one is named."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import pytest

from backgroundjob.api import labels
from e2e_product import NAMESPACE, OPERATOR_USER, ROOT, Namespace, Product, utc_now
from tests.cluster.errors import ClusterError

CORE: Final = secrets.token_hex(16)
"""What is searched for: in every text that gives the canary away, base64 and hex apart."""
CANARY: Final = f'it\'s "{CORE}" é\\{CORE}\n'
METRICS: Final = f"/api/v1/namespaces/{NAMESPACE}/services/backgroundjob-operator:http/proxy/metrics"
ENTRY: Final = """\
target: jobs.hostile:HostileJob.{method}
params: {{required: [token], properties: {{token: {{not: {{}}}}}}}}
"""
LEAKS: Final = ("raise_secret", "return_secret", "print_secret")


@pytest.fixture(scope="module")
def since() -> datetime:
    return utc_now()


@pytest.fixture(scope="module", autouse=True)
def leaks_allowed(product: Product, since: datetime) -> Iterator[None]:
    """The methods that leak, in the allow-list. They take the token from a Secret only."""

    def patch(entries: dict[str, str | None]) -> None:
        product.cluster.kubectl(
            *("-n", NAMESPACE, "patch", "configmap", "backgroundjob-allow-list", "--type=merge"),
            *("-p", json.dumps({"data": entries})),
        )

    patch({f"HostileJob.{method}": ENTRY.format(method=method) for method in LEAKS})
    yield
    patch({f"HostileJob.{method}": None for method in LEAKS})


@pytest.fixture(scope="module")
def ended(module_namespace: Namespace) -> Namespace:
    """A namespace in which every job that had the canary has ended."""
    create_secret(module_namespace, "canary", token=CANARY)
    apply(module_namespace, "signs", "WebhookJob", "notify", "signing_key", params={"event": "shipped"})
    apply(
        module_namespace,
        *("raises", "HostileJob", "raise_secret", "token"),
        retry={"maxAttempts": 2, "delays": [1]},
    )
    apply(module_namespace, "returns", "HostileJob", "return_secret", "token")
    for name in ("signs", "raises", "returns"):
        module_namespace.wait(name, "Succeeded", "Failed")
    return module_namespace


def test_the_method_gets_what_the_secret_holds_as_it_is(ended: Namespace) -> None:
    key = CANARY.strip().encode()
    expected = hmac.new(key, b"shipped", hashlib.sha256).hexdigest()

    status = ended.status("signs")

    assert status["result"] == {"event": "shipped", "signature": f"sha256={expected}"}
    assert (status["state"], status["attemptCount"]) == ("Succeeded", 1)


def test_an_exception_arrives_without_the_secret(ended: Namespace) -> None:
    status = ended.status("raises")
    exception = status["attempts"][-1]["exception"]

    assert (status["state"], status["attemptCount"]) == ("Failed", 2)
    assert exception["type"] == "PermissionError"
    assert exception["message"] == "no access with '[redacted]'"
    assert "no answer from https://api.example.org/?token=[redacted]" in exception["traceback"]
    assert '"Token": "[redacted]"' in exception["traceback"]


def test_a_result_arrives_without_the_secret(ended: Namespace) -> None:
    assert ended.status("returns")["result"] == {
        "a": [{"[redacted]": "[redacted]", "b": [None, "Bearer [redacted]"]}],
        "c": '{"d": ["[redacted]", "[redacted]"]}',
    }


def of_the_namespace(*arguments: str) -> Callable[[Namespace], str]:
    return lambda namespace: namespace.kubectl(*arguments)


def of_the_product(*arguments: str) -> Callable[[Namespace], str]:
    return lambda namespace: namespace.product.cluster.kubectl(*arguments)


def pod_logs(namespace: Namespace) -> str:
    return namespace.kubectl("logs", "-l", labels.NAME_LABEL, "--tail=-1", "--prefix")


def audit_log(namespace: Namespace) -> str:
    path = namespace.product.cluster.audit_log
    assert path is not None, "this cluster has no audit log that the test can read"
    return path.read_text(encoding="utf-8")


PLACES: dict[str, tuple[Callable[[Namespace], str], str]] = {
    "the objects": (of_the_namespace("get", "bgjob", "-o", "yaml"), "name: raises"),
    "what describe tells": (of_the_namespace("describe", "bgjob", "raises"), "attempt 1 ended: AppError"),
    "core Events": (of_the_namespace("get", "events", "-o", "yaml"), "attempt 1 ended: AppError"),
    "Jobs": (of_the_namespace("get", "jobs", "-o", "yaml"), "name: raises-"),
    "pods and their receipts": (of_the_namespace("get", "pods", "-o", "yaml"), "secretParams"),
    "pod logs": (pod_logs, "no access with"),
    "the operator's log": (
        of_the_product("-n", NAMESPACE, "logs", "deployment/backgroundjob-operator", "--tail=-1"),
        "/raises ",
    ),
    "the operator's pod": (of_the_product("-n", NAMESPACE, "get", "pods", "-o", "yaml"), "image:"),
    "both ConfigMaps": (of_the_product("-n", NAMESPACE, "get", "configmaps", "-o", "yaml"), "return_secret"),
    "metrics": (of_the_product("get", "--raw", METRICS), "backgroundjob_transitions_total"),
    "the audit log": (audit_log, "/raises"),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_canary_is_in_no_other_place(ended: Namespace, place: str) -> None:
    read, sure_to_be_there = PLACES[place]
    text = read(ended)
    assert sure_to_be_there in text, f"{place} cannot be read, so nothing is proven"
    assert [trace for trace in traces() if trace in text] == []


def test_the_search_finds_a_canary_where_there_is_one(ended: Namespace) -> None:
    stored = json.loads(ended.kubectl("get", "secret", "canary", "-o", "json"))["data"]["token"]
    plain = base64.b64decode(stored).decode()
    basic = base64.b64encode(f"ada:{CANARY}".encode()).decode()
    for text in (stored, plain, repr(plain), json.dumps(plain), basic):
        assert any(trace in text for trace in traces())


def test_what_a_job_prints_itself_is_its_own(ended: Namespace, namespace: Namespace) -> None:
    create_secret(namespace, "canary", token=CANARY)
    apply(namespace, "prints", "HostileJob", "print_secret", "token")
    assert namespace.wait("prints", "Succeeded")["result"] == len(CANARY)
    assert CORE in pod_logs(namespace)
    assert CORE not in namespace.kubectl("get", "bgjob,jobs,pods,events", "-o", "yaml")


def test_the_pod_has_the_secret_as_a_file_and_not_in_its_environment(ended: Namespace) -> None:
    [pod] = json.loads(ended.kubectl("get", "pods", "-l", f"{labels.NAME_LABEL}=signs", "-o", "json"))[
        "items"
    ]
    [container] = pod["spec"]["containers"]
    [volume] = [one for one in pod["spec"]["volumes"] if one["name"] == "params"]
    assert volume["projected"]["sources"] == [
        {"secret": {"name": "canary", "items": [{"key": "token", "path": "signing_key"}]}}
    ]
    assert not {"env", "envFrom"} & container.keys()


def test_the_operator_cannot_read_a_secret_and_never_asks(
    ended: Namespace, product: Product, since: datetime
) -> None:
    with pytest.raises(ClusterError, match="no"):
        ended.kubectl("auth", "can-i", "get", "secrets", "--as", OPERATOR_USER)
    with pytest.raises(ClusterError, match="no"):
        product.cluster.kubectl("-n", NAMESPACE, "auth", "can-i", "list", "secrets", "--as", OPERATOR_USER)
    asked = [event for event in product.audit(since) if event.user == OPERATOR_USER]
    assert {event.resource for event in asked} >= {"jobs", "backgroundjobs"}
    assert "secrets" not in {event.resource for event in asked}


def test_a_param_that_the_entry_wants_from_a_secret_is_refused_in_the_open(namespace: Namespace) -> None:
    namespace.apply("open", "HostileJob", "return_secret", params={"token": CORE})
    status = namespace.wait("open", "Rejected")
    assert status["message"].startswith("params.token breaks the schema's rule not")
    assert CORE not in json.dumps(status)


def test_a_required_secret_param_that_nobody_gives_is_missing(namespace: Namespace) -> None:
    namespace.apply("forgotten", "WebhookJob", "notify", params={"event": "shipped"})
    assert namespace.wait("forgotten", "Rejected")["message"] == "params.signing_key is missing"


def test_the_example_succeeds(namespace: Namespace) -> None:
    namespace.kubectl("apply", "-f", str(ROOT / "examples/yaml/06-secret.yaml"))
    assert namespace.wait("webhook", "Succeeded")["result"]["event"] == "order-shipped"


def test_a_job_waits_for_a_missing_secret_by_name_and_runs_when_it_appears(namespace: Namespace) -> None:
    apply(namespace, "early", "WebhookJob", "notify", "signing_key", params={"event": "shipped"})

    status = waiting(namespace, "early")

    assert (status["state"], status["reason"]) == ("Running", "Starting")
    assert "check that there is key token of Secret canary" in status["message"]
    create_secret(namespace, "canary", token=CANARY)
    status = namespace.wait("early", "Succeeded")
    assert (status["attemptCount"], status.get("disruptionCount", 0)) == (1, 0)


def test_a_missing_key_ends_as_an_uncharged_failure_to_start_that_names_it(namespace: Namespace) -> None:
    create_secret(namespace, "canary", other="x")
    apply(
        namespace,
        *("late", "WebhookJob", "notify", "signing_key"),
        params={"event": "shipped"},
        retry={"maxDisruptions": 0},
    )

    sentence = waiting(namespace, "late")["message"]
    # startDeadlineSeconds is 60 here; the end of the pod follows it.
    status = namespace.wait("late", "Failed", timeout_seconds=120)

    [attempt] = status["attempts"]
    assert (attempt["outcome"], attempt["cause"], attempt["charged"]) == ("Disrupted", "StartFailed", False)
    assert (status["reason"], status["attemptCount"]) == ("DisruptionsExhausted", 0)
    assert status["message"] == attempt["message"] == f"it never started: {sentence}"
    assert "check that there is key token of Secret canary" in sentence


def traces() -> list[str]:
    """What the canary's core looks like as it is, as hex and inside base64."""
    encoded = [base64.b64encode(b"x" * offset + CORE.encode()).decode()[4:-4] for offset in range(3)]
    return [CORE, CORE.encode().hex(), *encoded]


def create_secret(namespace: Namespace, name: str, **values: str) -> None:
    document = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}
    namespace.kubectl("create", "-f", "-", stdin=json.dumps(document))


def apply(namespace: Namespace, name: str, class_: str, method: str, param: str, **spec: Any) -> None:
    """Create a BackgroundJob that takes `param` from key token of Secret canary."""
    source = {"name": param, "secretKeyRef": {"name": "canary", "key": "token"}}
    namespace.apply(name, class_, method, paramsFrom=[source], **spec)


def waiting(namespace: Namespace, name: str) -> dict[str, Any]:
    """The status once it says what the attempt waits for."""
    return namespace.wait_until(
        name, lambda status: "Secret" in status.get("message", ""), "waiting for a Secret", 30
    )
