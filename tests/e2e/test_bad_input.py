"""What bad input gets: a terminal or waiting state, a reason from the list, and a sentence."""

import json
import time

import pytest

from e2e_product import NAMESPACE, Namespace, Product, background_job
from tests.cluster.errors import ClusterError


@pytest.mark.parametrize(
    ("params", "field"),
    [
        pytest.param({}, "params.to is missing", id="missing"),
        pytest.param({"to": "a@example.org", "cc": "b"}, "params.cc is not a parameter", id="extra"),
        pytest.param({"to": 17}, "params.to breaks the schema's rule type", id="mistyped"),
        pytest.param({"to": "secret-value"}, "params.to breaks the schema's rule format", id="no address"),
    ],
)
def test_wrong_params_are_rejected_by_name_and_without_the_value(
    namespace: Namespace, params: dict[str, object], field: str
) -> None:
    namespace.apply("wrong", "EmailJob", "send", params=params)
    status = namespace.wait("wrong", "Rejected")
    assert status["reason"] == "InvalidParams"
    assert field in status["message"]
    assert "secret-value" not in json.dumps(status)
    assert namespace.jobs("wrong") == []


def test_params_of_64_kib_and_one_are_refused_by_the_api_server(namespace: Namespace) -> None:
    with pytest.raises(ClusterError, match="too large"):
        namespace.apply("large", "EmailJob", "send", params={"to": "x" * 65_537})


def test_a_malformed_entry_takes_out_itself_alone(namespace: Namespace) -> None:
    namespace.apply("malformed", "MalformedJob", "run")
    status = namespace.wait("malformed", "Rejected")
    assert status["reason"] == "NotAllowed"
    assert "parms" in status["message"]
    assert "params" in status["message"]


@pytest.mark.parametrize(
    ("class_", "method", "cause", "reason"),
    [
        pytest.param("GhostJob", "run", "NotLoadable", "NotRetryable", id="cannot be imported"),
        pytest.param("HostileJob", "exit_without_receipt", "NoReceipt", "RetriesExhausted", id="os._exit(0)"),
        pytest.param("HostileJob", "forged_receipt", "NoReceipt", "RetriesExhausted", id="garbage receipt"),
    ],
)
def test_an_attempt_that_goes_wrong_ends_with_its_cause(
    namespace: Namespace, class_: str, method: str, cause: str, reason: str
) -> None:
    namespace.apply("wrong", class_, method, retry={"maxAttempts": 1})
    status = namespace.wait("wrong", "Failed")
    assert (status["attempts"][-1]["cause"], status["reason"]) == (cause, reason)
    assert status["message"]


@pytest.mark.parametrize("method", ["fork", "garbage_receipt", "print_much"])
def test_misbehaviour_that_ends_well_is_a_success(namespace: Namespace, method: str) -> None:
    namespace.apply("odd", "HostileJob", method)
    assert namespace.wait("odd", "Succeeded", timeout_seconds=180)["reason"] == "Completed"


def test_a_timeout_is_kept_by_the_runner(namespace: Namespace) -> None:
    namespace.apply(
        "slow", "HostileJob", "sleep", params={"seconds": 600}, timeoutSeconds=2, retry={"maxAttempts": 1}
    )
    status = namespace.wait("slow", "Failed")
    assert status["attempts"][-1]["cause"] == "Timeout"


def test_a_running_job_is_cancelled(namespace: Namespace) -> None:
    namespace.apply("endless", "HostileJob", "sleep", params={"seconds": 600})
    namespace.wait("endless", "Running")
    namespace.kubectl("patch", "bgjob", "endless", "--type=merge", "-p", '{"spec":{"cancel":true}}')
    status = namespace.wait("endless", "Cancelled")
    assert status["reason"] == "CancelRequested"
    namespace.kubectl("wait", "--for=condition=Failed", "bgjob/endless", "--timeout=5s")


def test_an_object_5000_levels_deep_stops_nobody_else(namespace: Namespace, product: Product) -> None:
    binding = "validatingadmissionpolicybinding/backgroundjob-shape"
    product.scale(0)
    kept = product.cluster.kubectl("get", binding, "-o", "json")
    product.cluster.kubectl("delete", binding)
    try:
        create_when_allowed(namespace, deep_object(5000))
    finally:
        product.cluster.kubectl("apply", "-f", "-", stdin=without_server_fields(kept))
    namespace.apply("beside", "EmailJob", "send", params={"to": "a@example.org"})
    product.scale(1)
    assert namespace.wait("beside", "Succeeded")["reason"] == "Completed"
    # kubectl's own JSON reader can; ours in this test could not.
    state = namespace.kubectl("get", "bgjob", "deep", "-o", "jsonpath={.status.state} {.status.reason}")
    assert state == "Rejected InvalidParams"
    namespace.apply("after", "EmailJob", "send", params={"to": "a@example.org"})
    namespace.wait("after", "Succeeded")
    restarts = "jsonpath={.items[*].status.containerStatuses[*].restartCount}"
    assert product.cluster.kubectl("-n", NAMESPACE, "get", "pods", "-o", restarts) == "0"


def deep_object(levels: int) -> str:
    document = background_job("deep", "EmailJob", "send", params={"to": "DEEP"})
    return json.dumps(document).replace('"DEEP"', "[" * levels + "]" * levels)


def create_when_allowed(namespace: Namespace, text: str) -> None:
    """Create it as soon as the API server no longer applies the policy."""
    for _ in range(50):
        try:
            namespace.kubectl("create", "--validate=false", "-f", "-", stdin=text)
        except ClusterError as error:
            if "nested at most" not in str(error):
                raise
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the policy still refuses the deep object")


def without_server_fields(text: str) -> str:
    document = json.loads(text)
    for name in ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"):
        document["metadata"].pop(name, None)
    return json.dumps(document)
