"""One request per call, and the error that each answer means."""

import socket

import aiohttp
import pytest

from backgroundjob_operator.cluster.api_server import ApiServer
from backgroundjob_operator.cluster.credentials import Credentials
from backgroundjob_operator.cluster.kube import KubeCluster
from backgroundjob_operator.cluster.port import (
    AlreadyExists,
    ClusterError,
    Conflict,
    Expired,
    NotFound,
    Refused,
    Unavailable,
)
from backgroundjob_operator.engine.actions import EmitEvent, ObjectKey
from kube_calls import error_of
from kube_stub import KubeStub

JOBS = "/apis/batch/v1/namespaces/shop/jobs"
JOB = f"{JOBS}/mail-1"
OBJECT = "/apis/backgroundjob.dev/v1alpha1/namespaces/shop/backgroundjobs/mail"
KEY = ObjectKey("shop", "mail")
PODS = "/api/v1/pods"


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (404, "NotFound", NotFound),
        (409, "AlreadyExists", AlreadyExists),
        (409, "Conflict", Conflict),
        (410, "Expired", Expired),
        (401, "Unauthorized", Unavailable),
        (429, "TooManyRequests", Unavailable),
        (500, "InternalError", Unavailable),
        (503, "ServiceUnavailable", Unavailable),
        (504, "Timeout", Unavailable),
        (400, "BadRequest", Refused),
        (403, "Forbidden", Refused),
        (422, "Invalid", Refused),
    ],
)
async def test_each_status_is_one_error_with_the_sentence_of_the_server(
    api: KubeStub, kube: KubeCluster, status: int, reason: str, error: type[ClusterError]
) -> None:
    api.refuse("GET", JOB, status, "the server's sentence", reason=reason)

    found = await error_of(kube)

    assert (type(found), str(found)) == (error, "the server's sentence")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("soon", 0), ("-3", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("99999999", 60)],
)
async def test_retry_after_is_obeyed_within_reason(
    api: KubeStub, kube: KubeCluster, header: str, seconds: float
) -> None:
    api.answer("GET", JOB, {"message": "busy"}, 429, {"Retry-After": header})

    found = await error_of(kube)

    assert isinstance(found, Unavailable)
    assert found.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (502, b"<html>Bad Gateway</html>", "HTTP 502: <html>Bad Gateway</html>"),
        (503, b"", "HTTP 503: "),
        (503, b'"down"', 'HTTP 503: "down"'),
        (503, b"{}", "HTTP 503 without a message"),
        (200, b"<html>Login</html>", f"GET {JOB}: the answer is not JSON"),
        (200, b"[]", f"GET {JOB}: the answer is not a JSON object"),
        (302, b"", f"GET {JOB}: the answer is not JSON"),
    ],
)
async def test_an_answer_that_is_not_the_servers_means_try_again_later(
    api: KubeStub, kube: KubeCluster, status: int, body: bytes, sentence: str
) -> None:
    api.answer("GET", JOB, body, status)

    found = await error_of(kube)

    assert (type(found), str(found)) == (Unavailable, sentence)


async def test_no_server_means_try_again_later(session: aiohttp.ClientSession) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        kube = KubeCluster(
            ApiServer(session, Credentials(f"http://127.0.0.1:{unused.getsockname()[1]}", None))
        )

        found = await error_of(kube)

    assert isinstance(found, Unavailable)
    assert str(found).startswith(f"GET {JOB}: ClientConnectorError: Cannot connect to host 127.0.0.1")


async def test_a_delete_names_the_uid_and_takes_the_pods_along(api: KubeStub, kube: KubeCluster) -> None:
    api.answer("DELETE", JOB, {})
    api.answer("DELETE", OBJECT, {})

    await kube.delete_job("shop", "mail-1", "uid-1")
    await kube.delete_background_job(KEY, "uid-2")

    assert [(call.path, call.body) for call in api.calls] == [
        (JOB, {"preconditions": {"uid": "uid-1"}, "propagationPolicy": "Background"}),
        (OBJECT, {"preconditions": {"uid": "uid-2"}, "propagationPolicy": "Background"}),
    ]


async def test_a_status_patch_is_a_merge_patch_on_one_version(api: KubeStub, kube: KubeCluster) -> None:
    api.answer("PATCH", f"{OBJECT}/status", {"metadata": {"resourceVersion": "8"}})

    stored = await kube.patch_status(KEY, {"state": "Running", "message": None}, "7")

    (call,) = api.calls
    assert call.headers["Content-Type"] == "application/merge-patch+json"
    assert call.body == {
        "metadata": {"resourceVersion": "7"},
        "status": {"state": "Running", "message": None},
    }
    assert stored == {"metadata": {"resourceVersion": "8"}}


async def test_a_job_is_created_where_its_manifest_says(api: KubeStub, kube: KubeCluster) -> None:
    stored = await kube.create_job({"metadata": {"namespace": "shop", "name": "mail-1"}})

    assert [(call.method, call.path) for call in api.calls] == [("POST", JOBS)]
    assert stored["metadata"]["resourceVersion"] == "101"
    assert await kube.get_job("shop", "mail-1") == stored


async def test_an_event_is_about_the_object_and_named_by_what_it_tells(
    api: KubeStub, kube: KubeCluster
) -> None:
    event = EmitEvent(KEY, "uid-2", "Warning", "RetriesExhausted", "x" * 2000, "end/0")

    await kube.emit(event)

    (call,) = api.calls
    assert (call.method, call.path) == ("POST", "/apis/events.k8s.io/v1/namespaces/shop/events")
    assert call.body["metadata"]["name"].startswith("mail.")
    assert call.body["note"] == "x" * 1024
    assert call.body["regarding"] == {
        "apiVersion": "backgroundjob.dev/v1alpha1",
        "kind": "BackgroundJob",
        "namespace": "shop",
        "name": "mail",
        "uid": "uid-2",
    }
    with pytest.raises(AlreadyExists):
        await kube.emit(event)


@pytest.mark.parametrize(
    ("selector", "path", "query"),
    [
        ({}, "/api/v1/configmaps", {}),
        (
            {"namespace": "sys", "fieldSelector": "metadata.name=x"},
            "/api/v1/namespaces/sys/configmaps",
            {"fieldSelector": "metadata.name=x"},
        ),
        ({"labelSelector": "a/b"}, "/api/v1/configmaps", {"labelSelector": "a/b"}),
    ],
)
async def test_a_list_asks_for_what_the_selector_says(
    api: KubeStub, kube: KubeCluster, selector: dict[str, str], path: str, query: dict[str, str]
) -> None:
    listing = await kube.list("ConfigMap", selector=selector)

    assert [(call.path, call.query) for call in api.calls] == [(path, query)]
    assert (listing.documents, listing.resource_version) == ((), "100")


async def test_a_list_of_null_items_is_empty(api: KubeStub, kube: KubeCluster) -> None:
    api.answer("GET", PODS, {"metadata": {"resourceVersion": "5"}, "items": None})

    assert (await kube.list("Pod", selector={})).documents == ()
