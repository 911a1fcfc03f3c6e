"""SEC-01, 02, 07, 10, 13, 20: what users put into an object, and what a real cluster makes of it."""

import asyncio
import io
import json
import time
from typing import Any

import aiohttp
import pytest

from backgroundjob.api import labels
from e2e_product import NAMESPACE, OPERATOR_USER, Namespace, Product, background_job, utc_now
from tests.e2e.security.people import Person, bound

EVIL = {
    "image": "evil",
    "serviceAccountName": "admin",
    "env": [{"name": "A", "value": "b"}],
    "podTemplate": {"spec": {"hostNetwork": True}},
    "hostNetwork": True,
}


def test_sec_01_a_field_of_the_pod_is_refused_or_dropped_and_never_obeyed(namespace: Namespace) -> None:
    user = bound(namespace, "eve", "edit")
    evil = background_job("evil", "EmailJob", "send", params={"to": "a@example.org"}, **EVIL)
    for field in EVIL:
        assert f'unknown field "spec.{field}"' in user.creating(evil, "--validate=strict")
    assert user.creating(evil, "--validate=ignore") == ""
    assert not EVIL.keys() & namespace.get("evil")["spec"].keys()
    namespace.wait("evil", "Succeeded")
    namespace.apply("plain", "EmailJob", "send", params={"to": "a@example.org"})
    namespace.wait("plain", "Succeeded")
    [evil_job], [plain_job] = namespace.jobs("evil"), namespace.jobs("plain")
    assert pod_spec(evil_job) == pod_spec(plain_job)


def pod_spec(job: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = job["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize(
    ("class_", "method"),
    [("os", "system"), ("builtins", "eval"), ("subprocess", "run"), ("pathlib.Path", "unlink")],
)
def test_sec_02_admission_alone_refuses_what_reads_like_a_method(
    module_namespace: Namespace, class_: str, method: str
) -> None:
    """The schema lets these names pass; malformed ones are cases of test_contract_cases."""
    answer = Person(module_namespace).creating(background_job("x", class_, method), "--dry-run=server")
    assert f"{class_}.{method} is not in the allow-list" in answer


TEXTS = [
    "$(HOME) $(BACKGROUNDJOB_INVOCATION) $$(x)",
    "`id` $(id) ${HOME} ; rm -rf / | cat",
    "{{ .Values.x }} {% raw %} %s %(a)s {0}",
    "line\nline\r\n\ttab\x0b\x00\x1b[31m",
    "\u2028\u202e\ufeff\U0001f600 é e\u0301",
    '"}]}\\u0000\\',
    "yes no on ~ null 0x1f 1e3 !!python/object/apply:os.system",
]
VALUES: dict[str, Any] = {
    "texts": TEXTS,
    "keys": {"__proto__": {"constructor": 1}, "__class__": 1, "$ref": "#/x", "": 0},
    "numbers": [2**53 + 1, 2**63 - 1, -(2**63), 1.5, -0.5],
    "constants": [None, True, False, "", [], {}],
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_sec_07_a_value_arrives_as_it_was_sent_and_is_not_evaluated(
    module_probed: Namespace, value: Any
) -> None:
    name = f"echo-{list(VALUES.values()).index(value)}"
    module_probed.apply(name, "ProbeJob", "echo", params={"value": value})
    status = module_probed.wait(name, "Succeeded", "Failed")
    assert status["result"] == [value]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        pytest.param('"\\ud800"', '["\ufffd"]', id="half a surrogate pair is replaced by the API server"),
        pytest.param(str(2**63), "[9223372036854776000]", id="an integer beyond 64 bits is rounded there"),
    ],
)
def test_sec_07_what_json_cannot_carry_is_changed_before_it_is_stored(
    module_probed: Namespace, text: str, answer: str
) -> None:
    name = f"changed-{len(text)}"
    document = json.dumps(background_job(name, "ProbeJob", "echo", params={"value": "VALUE"}))
    module_probed.kubectl("create", "-f", "-", stdin=document.replace('"VALUE"', text))
    assert module_probed.wait(name, "Succeeded", "Failed")["result"] == json.loads(answer)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("NaN", "error", id="not a number"),
        pytest.param("Infinity", "error", id="infinity"),
        pytest.param("1e400", "cannot unmarshal number", id="a number beyond a float"),
        pytest.param("[" * 10_001 + "]" * 10_001, "exceeded max depth", id="10,001 levels"),
        pytest.param("[" * 500 + "]" * 500, "nested at most 8 levels", id="500 levels"),
    ],
)
def test_sec_07_what_is_no_value_is_refused(module_namespace: Namespace, text: str, words: str) -> None:
    document = json.dumps(background_job("refused", "EmailJob", "send", params={"to": "VALUE"}))
    answer = post(module_namespace, document.replace('"VALUE"', text).encode())
    assert answer[0] in (400, 422)
    assert words in answer[1]


def test_sec_07_a_key_given_twice_is_refused_by_strict_validation(module_namespace: Namespace) -> None:
    document = json.dumps(background_job("twice", "EmailJob", "send", params={"to": "VALUE"}))
    twice = document.replace('"to": "VALUE"', '"to": "a@example.org", "to": "b@example.org"')
    answer = post(module_namespace, twice.encode(), "?fieldValidation=Strict")
    assert answer[0] == 400
    assert "duplicate field" in answer[1]


@pytest.mark.parametrize("reference", ["../../other/secrets/x", "other/x", "..", "%2e%2e", "a b", ""])
def test_sec_10_the_name_of_a_secret_is_a_name(module_namespace: Namespace, reference: str) -> None:
    source = {"name": "to", "secretKeyRef": {"name": reference, "key": "k"}}
    document = background_job("secret", "EmailJob", "send", paramsFrom=[source])
    assert "secretKeyRef.name" in Person(module_namespace).creating(document, "--dry-run=server")


def test_sec_10_a_secret_of_another_namespace_cannot_be_named(module_namespace: Namespace) -> None:
    source = {"name": "to", "secretKeyRef": {"name": "x", "key": "k", "namespace": NAMESPACE}}
    document = background_job("secret", "EmailJob", "send", paramsFrom=[source])
    answer = Person(module_namespace).creating(document, "--validate=strict", "--dry-run=server")
    assert "unknown field" in answer


def test_sec_13_names_of_another_namespace_cause_no_write_there(
    namespace: Namespace, product: Product
) -> None:
    other = f"{namespace.name}-b"
    product.cluster.kubectl("create", "namespace", other)
    try:
        since = utc_now()
        spec = {
            "params": {"to": f"{other}@example.org", "subject": f"{other}/x"},
            "concurrencyKey": f"{other}/mail",
        }
        namespace.apply("one", "EmailJob", "send", queue=other, **spec)
        namespace.apply(other, "EmailJob", "send", **spec)
        namespace.apply("two", "EmailJob", "send", dependsOn=[{"name": other}], **spec)
        namespace.apply("three", "FailingJob", "run", retry={"retryOn": [f"{other}.Error".replace("-", "_")]})
        namespace.kubectl("annotate", "bgjob", "one", f"{labels.GROUP}/namespace={other}")
        for name, state in (
            ("one", "Succeeded"),
            (other, "Succeeded"),
            ("two", "Succeeded"),
            ("three", "Failed"),
        ):
            namespace.wait(name, state)
        asked = [event for event in product.audit(since) if event.user == OPERATOR_USER]
    finally:
        product.cluster.kubectl("delete", "namespace", other, "--wait=false")
    assert namespace.name in {event.namespace for event in asked}
    assert [event for event in asked if event.namespace == other] == []


@pytest.mark.parametrize("size", [65_537, 300_000, 1_400_000, 1_700_000])
def test_sec_20_params_that_are_too_large_are_refused_at_once(module_namespace: Namespace, size: int) -> None:
    document = json.dumps(background_job("large", "EmailJob", "send", params={"to": "x" * size})).encode()
    begin = time.monotonic()
    code, text = post(module_namespace, document)
    assert code == 413, text
    assert "too large" in text
    # A 500 would be tried again by every client.
    assert time.monotonic() - begin < 5


def test_sec_20_a_large_result_and_a_line_of_a_hundred_megabytes_end_well(probed: Namespace) -> None:
    probed.apply("large", "ProbeJob", "large", params={"result_kilobytes": 1024, "line_megabytes": 100})
    status = probed.wait("large", "Succeeded", "Failed", timeout_seconds=120)
    assert (status["state"], status["reason"], "result" in status) == ("Succeeded", "Completed", False)


def post(namespace: Namespace, body: bytes, query: str = "") -> tuple[int, str]:
    """Create a BackgroundJob by the bytes of the request: kubectl would look at them first."""
    path = f"/apis/backgroundjob.dev/v1alpha1/namespaces/{namespace.name}/backgroundjobs{query}"
    return asyncio.run(posted(namespace, path, body))


async def posted(namespace: Namespace, path: str, body: bytes) -> tuple[int, str]:
    socket = namespace.product.cluster.api_socket
    assert socket is not None, f"the cluster {namespace.product.cluster.name} has no socket for its API"
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(socket))) as session,
        session.post(
            f"http://localhost{path}", data=io.BytesIO(body), headers={"Content-Type": "application/json"}
        ) as response,
    ):
        return response.status, await response.text()
