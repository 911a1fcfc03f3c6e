"""What kopf reads goes through a real session: one deeply nested object stops nobody."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from kopf._cogs.clients.api import iter_jsonlines

from backgroundjob.api.json_depth import depth_of
from backgroundjob_operator.cluster.bounded_response import BoundedResponse
from backgroundjob_operator.cluster.kube import KubeCluster
from kube_stub import KubeStub

OBJECTS = "/apis/backgroundjob.dev/v1alpha1/backgroundjobs"
DEEP = b'{"metadata":{"name":"deep"},"spec":{"params":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}}"
NORMAL = [
    json.dumps({"metadata": {"name": name}, "spec": {"params": {"a": "[{"}}}).encode() for name in "abc"
]
LIST = b'{"metadata":{"resourceVersion":"1"},"items":[' + b",".join([NORMAL[0], DEEP, *NORMAL[1:]]) + b"]}"
LINES = b"".join(b'{"type":"ADDED","object":' + one + b"}\n" for one in [NORMAL[0], DEEP, *NORMAL[1:]])


@pytest.fixture
async def bounded() -> AsyncIterator[aiohttp.ClientSession]:
    """A session as kopf gets it."""
    async with aiohttp.ClientSession(response_class=BoundedResponse) as opened:
        yield opened


def names(documents: list[dict[str, Any]]) -> list[str]:
    """The names of the objects."""
    return [one["metadata"]["name"] for one in documents]


async def test_a_list_with_one_object_of_5000_levels_is_read_whole(
    api: KubeStub, bounded: aiohttp.ClientSession
) -> None:
    api.answer("GET", OBJECTS, LIST)

    async with bounded.get(api.url + OBJECTS) as response:
        items = (await response.json())["items"]

    assert names(items) == ["a", "deep", "b", "c"]
    assert depth_of(items[1]) > 8  # deeper than any method may be given: refused later, by its own status
    assert items[0]["spec"]["params"] == {"a": "[{"}


@pytest.mark.parametrize("size", [999, 16_384, 1_000_000])
async def test_a_watch_with_one_object_of_5000_levels_goes_on(
    api: KubeStub, bounded: aiohttp.ClientSession, size: int
) -> None:
    api.stream(OBJECTS, *(LINES[start : start + size] for start in range(0, len(LINES), size)))

    async with bounded.get(api.url + OBJECTS, params={"watch": "true"}) as response:
        lines = [json.loads(line) async for line in iter_jsonlines(response.content)]

    assert names([line["object"] for line in lines]) == ["a", "deep", "b", "c"]


async def test_a_last_line_without_an_end_is_not_lost(api: KubeStub, bounded: aiohttp.ClientSession) -> None:
    api.stream(OBJECTS, LINES.rstrip(b"\n"))

    async with bounded.get(api.url + OBJECTS, params={"watch": "true"}) as response:
        lines = [line async for line in iter_jsonlines(response.content)]

    assert len(lines) == 4


async def test_the_error_of_a_watch_is_readable(api: KubeStub, bounded: aiohttp.ClientSession) -> None:
    api.refuse("GET", OBJECTS, 403, "forbidden")

    async with bounded.get(api.url + OBJECTS, params={"watch": "true"}) as response:
        assert (await response.json())["message"] == "forbidden"


async def test_a_watch_can_be_closed_from_outside_while_it_waits(
    api: KubeStub, bounded: aiohttp.ClientSession
) -> None:
    api.stream(OBJECTS, LINES, hold=True)
    seen = 0

    async def follow() -> None:
        nonlocal seen
        async with bounded.get(api.url + OBJECTS, params={"watch": "true"}) as response:
            async for _ in iter_jsonlines(response.content):
                seen += 1
                if seen == 4:
                    response.close()

    with pytest.raises(aiohttp.ClientConnectionError):
        await follow()

    assert seen == 4


async def test_our_own_list_and_watch_survive_it_too(api: KubeStub, kube: KubeCluster) -> None:
    api.answer("GET", OBJECTS, LIST)
    api.stream(OBJECTS, LINES)

    listing = await kube.list("BackgroundJob", selector={})
    events = [one async for one in kube.watch("BackgroundJob", selector={}, resource_version="1")]

    assert names(list(listing.documents)) == ["a", "deep", "b", "c"]
    assert names([event.document for event in events]) == ["a", "deep", "b", "c"]
