"""An informer lists, watches, resumes, and lists again when it must."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import pytest

from backgroundjob_operator.cluster.informer import BACKOFF_SECONDS, Informer
from backgroundjob_operator.cluster.port import (
    Document,
    Expired,
    Kind,
    Listing,
    NotFound,
    Refused,
    Unavailable,
    WatchEvent,
)


def event(kind: Any, version: str, name: str = "a") -> WatchEvent:
    """One line of a watch."""
    return WatchEvent(kind, {"metadata": {"name": name, "resourceVersion": version}})


def listing(version: str, *names: str) -> Listing:
    """A complete list."""
    return Listing(tuple({"metadata": {"name": name, "resourceVersion": "1"}} for name in names), version)


class Script:
    """A cluster whose lists and watches are written down; at the end of the script it blocks."""

    def __init__(self, lists: list[Listing | Exception], watches: list[list[WatchEvent | Exception]]) -> None:
        self.lists = lists
        self.watches = watches
        self.asked: list[str] = []
        self.told: list[str] = []
        self.slept: list[float] = []
        self.done = asyncio.Event()

    async def list(self, kind: Kind, *, selector: Mapping[str, str]) -> Listing:
        self.asked.append("list")
        answer = self.lists.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def watch(
        self, kind: Kind, *, selector: Mapping[str, str], resource_version: str
    ) -> AsyncIterator[WatchEvent]:
        self.asked.append(f"watch {resource_version}")
        if not self.watches:
            self.done.set()
            await asyncio.Event().wait()
        for step in self.watches.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step

    def apply(self, event_type: str, document: Document) -> None:
        self.told.append(f"{event_type} {document['metadata']['name']}")

    def replace(self, documents: Iterable[Document], version: int) -> None:
        names = ",".join(document["metadata"]["name"] for document in documents)
        self.told.append(f"all {names} at {version}")

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def informer(script: Script) -> Informer:
    """The informer over a script."""
    return Informer(
        script,  # type: ignore[arg-type]  # the half of the port that an informer uses
        "Pod",
        selector={},
        apply=script.apply,
        replace=script.replace,
        sleep=script.sleep,
    )


async def played(
    lists: list[Listing | Exception] | None = None, watches: list[list[WatchEvent | Exception]] | None = None
) -> Script:
    """The script after an informer came to its end."""
    script = Script([listing("5", "a")] if lists is None else lists, watches or [])
    task = asyncio.create_task(informer(script).run())
    await asyncio.wait([task, asyncio.create_task(script.done.wait())], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return script


async def test_it_lists_and_then_watches_from_the_version_of_the_list() -> None:
    script = await played(watches=[[event("ADDED", "6", "b"), event("DELETED", "7", "a")]])

    assert script.asked == ["list", "watch 5", "watch 7"]
    assert script.told == ["all a at 5", "ADDED b", "DELETED a"]


async def test_it_is_synced_by_the_first_list_and_not_before() -> None:
    script = Script([listing("5")], [])
    follower = informer(script)
    assert not follower.synced.is_set()

    task = asyncio.create_task(follower.run())
    await script.done.wait()

    assert follower.synced.is_set()
    task.cancel()


async def test_a_bookmark_moves_the_version_and_tells_nothing() -> None:
    script = await played(watches=[[event("BOOKMARK", "900")]])

    assert script.asked == ["list", "watch 5", "watch 900"]
    assert script.told == ["all a at 5"]


async def test_an_expired_version_is_answered_by_a_new_list_at_once() -> None:
    script = await played(
        [listing("5", "a", "lost"), listing("50", "a", "new")],
        [[event("MODIFIED", "6"), Expired("too old")]],
    )

    assert script.asked == ["list", "watch 5", "list", "watch 50"]
    # What the second list lacks was deleted unseen: replace, not apply, lets the store see that.
    assert script.told == ["all a,lost at 5", "MODIFIED a", "all a,new at 50"]
    assert script.slept == []


async def test_a_server_that_expires_everything_is_not_asked_in_a_busy_loop() -> None:
    script = await played([listing(str(number)) for number in range(5)], [[Expired("too old")]] * 4)

    assert len(script.slept) == 3


async def test_an_unavailable_server_is_waited_for_and_the_watch_resumed_from_the_last_version() -> None:
    script = await played(watches=[[event("ADDED", "6"), Unavailable("connection lost")]])

    assert script.asked == ["list", "watch 5", "watch 6"]
    assert len(script.slept) == 1
    assert script.slept[0] == pytest.approx(BACKOFF_SECONDS[0], rel=0.2)


async def test_the_wait_grows_while_nothing_comes() -> None:
    script = await played(watches=[[Unavailable("away")]] * 9)

    expected = [0.2, 0.5, 1, 2, 5, 10, 30, 30, 30]
    assert script.slept == [pytest.approx(seconds, rel=0.2) for seconds in expected]


async def test_the_wait_is_short_again_after_anything_came() -> None:
    breaking: list[WatchEvent | Exception] = [event("BOOKMARK", "6"), Unavailable("idle connection cut")]
    script = await played(watches=[[Unavailable("away")], *[list(breaking) for _ in range(9)]])

    assert script.slept == [pytest.approx(0.2, rel=0.2)] * 10


async def test_retry_after_is_a_lower_bound_of_the_wait() -> None:
    script = await played([Unavailable("busy", 7), listing("5")])

    assert script.slept == [7]
    assert script.asked == ["list", "list", "watch 5"]


async def test_a_stream_that_ends_without_an_event_is_asked_for_again_after_a_moment() -> None:
    script = await played(watches=[[], []])

    assert script.asked == ["list", "watch 5", "watch 5", "watch 5"]
    assert script.slept == [0.2, 0.2]


@pytest.mark.parametrize("error", [Refused("pods is forbidden"), NotFound("no such kind")])
async def test_a_refusal_ends_it(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        await played(watches=[[error]])

    with pytest.raises(type(error), match=str(error)):
        await played([error])


async def test_a_wait_is_told_with_its_kind_its_reason_and_its_length(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)

    await played([Unavailable("etcd is away", 3), listing("5")])

    assert caplog.messages == ["Pod informer: etcd is away; next try in 3.0 s"]
