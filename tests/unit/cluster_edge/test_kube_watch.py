"""A watch is whole lines, whatever the network makes of them."""

import json
from typing import Any

import pytest

from backgroundjob_operator.cluster.kube import KubeCluster
from backgroundjob_operator.cluster.port import (
    ClusterError,
    Expired,
    Refused,
    Unavailable,
)
from kube_calls import watched
from kube_stub import KubeStub

PODS = "/api/v1/pods"


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
