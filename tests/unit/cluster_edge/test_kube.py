"""One request per call, and the error that each answer means."""

import asyncio
import json
import logging
import socket
import traceback
from pathlib import Path
from typing import Any

import aiohttp
import pytest

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
    WatchEvent,
)
from backgroundjob_operator.engine.actions import EmitEvent, ObjectKey
from kube_stub import KubeStub

TOKEN = "eyJ-a-token-nobody-may-see"
JOBS = "/apis/batch/v1/namespaces/shop/jobs"
JOB = f"{JOBS}/mail-1"
OBJECT = "/apis/backgroundjob.dev/v1alpha1/namespaces/shop/backgroundjobs/mail"
KEY = ObjectKey("shop", "mail")
PODS = "/api/v1/pods"


async def error_of(kube: KubeCluster) -> ClusterError:
    """What reading the Job raises."""
    with pytest.raises(ClusterError) as caught:
        await kube.get_job("shop", "mail-1")
    return caught.value


async def watched(kube: KubeCluster, version: str = "1") -> list[WatchEvent]:
    """All events of a watch of pods until its end."""
    return [event async for event in kube.watch("Pod", selector={}, resource_version=version)]


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
        kube = KubeCluster(session, Credentials(f"http://127.0.0.1:{unused.getsockname()[1]}", None))

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


def line(kind: str, version: str, **more: Any) -> bytes:
    """One line of a watch."""
    document = {"metadata": {"name": "é", "resourceVersion": version}, **more}
    return json.dumps({"type": kind, "object": document}, ensure_ascii=False).encode() + b"\n"


async def test_a_watch_asks_for_bookmarks_from_the_version_on(api: KubeStub, kube: KubeCluster) -> None:
    api.stream(PODS, line("ADDED", "8"))

    events = await watched(kube, "7")

    (call,) = api.calls
    assert call.query == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": "7",
        "timeoutSeconds": "290",
    }
    assert [(event.type, event.document["metadata"]["resourceVersion"]) for event in events] == [
        ("ADDED", "8")
    ]


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
async def test_lines_of_a_watch_are_whole_wherever_the_chunks_end(
    api: KubeStub, kube: KubeCluster, size: int
) -> None:
    text = line("ADDED", "8") + b"\n" + line("MODIFIED", "9", pad="x" * 50) + line("BOOKMARK", "10")
    api.stream(PODS, *(text[start : start + size] for start in range(0, len(text), size)))

    assert [event.type for event in await watched(kube)] == ["ADDED", "MODIFIED", "BOOKMARK"]


async def test_half_a_line_at_the_end_of_a_watch_is_no_event(api: KubeStub, kube: KubeCluster) -> None:
    api.stream(PODS, line("ADDED", "8") + line("ADDED", "9")[:-5])

    assert len(await watched(kube)) == 1


async def test_a_line_longer_than_aiohttps_own_limit_is_read(api: KubeStub, kube: KubeCluster) -> None:
    api.stream(PODS, line("ADDED", "8", pad="x" * 1_000_000))

    assert len(await watched(kube)) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ({"code": 410, "message": "too old resource version"}, Expired),
        ({"code": 500, "message": "etcd is away"}, Unavailable),
        ({}, Unavailable),
    ],
)
async def test_an_error_line_ends_the_watch_as_what_it_is(
    api: KubeStub, kube: KubeCluster, status: dict[str, Any], error: type[ClusterError]
) -> None:
    api.stream(PODS, line("ADDED", "8"), json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")

    with pytest.raises(error, match=status.get("message", "the watch ended")):
        await watched(kube)


@pytest.mark.parametrize("text", [b"not json\n", b"[]\n", b'"text"\n'])
async def test_a_line_that_is_not_the_servers_breaks_the_watch_and_not_the_process(
    api: KubeStub, kube: KubeCluster, text: bytes
) -> None:
    api.stream(PODS, text)

    with pytest.raises(Unavailable, match="a watch line: the answer is not"):
        await watched(kube)


async def test_a_watch_that_is_refused_raises_the_same_errors(api: KubeStub, kube: KubeCluster) -> None:
    api.refuse("GET", PODS, 403, "pods is forbidden")

    with pytest.raises(Refused, match="pods is forbidden"):
        await watched(kube)


async def test_a_token_is_read_anew_for_each_request(
    api: KubeStub, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    kube = KubeCluster(session, Credentials(api.url, None, token_file=file))

    for token in ("first\n", "second\n"):
        file.write_text(token)
        await kube.list("Pod", selector={})

    assert [call.headers["Authorization"] for call in api.calls] == ["Bearer first", "Bearer second"]


async def test_a_token_file_that_is_away_for_a_moment_means_try_again_later(
    api: KubeStub, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    kube = KubeCluster(session, Credentials(api.url, None, token_file=tmp_path / "token"))

    assert isinstance(await error_of(kube), Unavailable)


async def test_a_redirect_is_not_followed_because_the_token_would_go_along(
    api: KubeStub, kube: KubeCluster
) -> None:
    api.answer("GET", JOB, {}, 307, {"Location": f"{api.url}/elsewhere"})

    await kube.get_job("shop", "mail-1")

    assert [call.path for call in api.calls] == [JOB]


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")
    await writer.drain()
    writer.close()


async def _silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize("behaviour", [_garbage, _silence], ids=["garbage", "hangs up"])
async def test_no_error_and_no_log_line_shows_the_token(
    session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture, behaviour: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    server = await asyncio.start_server(behaviour, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    credentials = Credentials(address, None, token=TOKEN)
    kube = KubeCluster(session, credentials)

    error = await error_of(kube)
    with pytest.raises(Unavailable) as caught:
        await watched(kube)
    server.close()
    await server.wait_closed()

    texts = [*traceback.format_exception(error), *traceback.format_exception(caught.value), repr(credentials)]
    assert TOKEN not in "".join(texts) + caplog.text
    assert isinstance(error, Unavailable)
