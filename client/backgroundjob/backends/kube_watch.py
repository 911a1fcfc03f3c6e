"""Following BackgroundJobs on a cluster: read, watch from that version, read again when the watch ends."""

import json
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

from backgroundjob.api.json_depth import bounded
from backgroundjob.backends import Change, Document
from backgroundjob.backends.kube_api import ApiError, KubeApi
from backgroundjob.errors import BackendUnavailable

_LONGEST_WATCH_SECONDS: Final = 240
"""Below the idle limits of usual load balancers; the watch is then opened again."""
PATIENCE_SECONDS: Final = 30.0
"""How long an API server may be away while it is followed: longer than the restart of one."""
_PAUSE_SECONDS: Final = 1.0

Read = Callable[[], tuple[Sequence[Document], str]]
"""The objects as they are, and the resourceVersion to watch from."""


class Watch:
    """The changes of one object, or of all in a namespace, or in all namespaces."""

    def __init__(
        self,
        api: KubeApi,
        path: str,
        read: Read,
        *,
        read_recent: Read | None = None,
        field_selector: str = "",
        seconds: float | None,
    ) -> None:
        """`read_recent`: instead of `read` once its version was too old to watch from."""
        self._api = api
        self._path = path
        self._read = read
        self._read_recent = read_recent or read
        self._selector = {"fieldSelector": field_selector} if field_selector else {}
        self._end = None if seconds is None else time.monotonic() + seconds
        self._known: dict[str, Document] = {}
        self._has_read = False

    def changes(self) -> Generator[Change, None, None]:
        """Until the time is over. Raises what reading raises, and AccessDenied."""
        read = self._read
        while True:
            documents, version = self._patiently(read)
            yield from self._differences(documents)
            left = None if self._end is None else self._end - time.monotonic()
            if left is not None and left <= 0:
                return
            is_too_old = yield from self._watch(version, left)
            read = self._read_recent if is_too_old else self._read

    def _patiently(self, read: Read) -> tuple[Sequence[Document], str]:
        """What it reads; after the first time, once an API server that restarts is back."""
        end = time.monotonic() + (PATIENCE_SECONDS if self._has_read else 0)
        if self._end is not None:
            end = min(end, self._end)
        while True:
            try:
                found = read()
            except BackendUnavailable:
                if time.monotonic() >= end:
                    raise
                self._pause()
            else:
                self._has_read = True
                return found

    def _differences(self, documents: Sequence[Document]) -> Generator[Change, None, None]:
        """What a list says that the watch has not told."""
        listed = {document["metadata"]["uid"]: document for document in documents}
        for uid in self._known.keys() - listed.keys():
            yield Change("DELETED", self._known.pop(uid))
        for document in listed.values():
            yield from self._seen("MODIFIED", document)

    def _seen(self, type_: str, document: Document) -> Generator[Change, None, None]:
        uid = document["metadata"]["uid"]
        before = self._known.get(uid)
        if type_ == "DELETED":
            self._known.pop(uid, None)
            yield Change("DELETED", document)
        elif before != document:
            self._known[uid] = document
            yield Change("ADDED" if before is None else "MODIFIED", document)

    def _watch(self, version: str, left: float | None) -> Generator[Change, None, bool]:
        """Until it ends; whether that was because the version is too old."""
        limit = _LONGEST_WATCH_SECONDS
        if left is not None:
            limit = min(limit, max(1, int(left + 0.999)))
        query: dict[str, Any] = {
            "watch": "true",
            "resourceVersion": version,
            "timeoutSeconds": limit,
            **self._selector,
        }
        try:
            for line in self._api.lines(self._path, query=query, read_timeout_seconds=limit + 10):
                event = json.loads(bounded(line))
                if event.get("type") not in {"ADDED", "MODIFIED", "DELETED"}:
                    self._pause()  # ERROR, most often 410 Gone: reading again tells
                    return True
                yield from self._seen(event["type"], dict(event["object"]))
        except ApiError as error:
            # 403: who may get but not watch follows too, by asking again.
            if error.http_status not in {403, 410, 429} and error.http_status < 500:
                raise self._api.error(error) from error
            self._pause()
            return error.http_status == 410
        except (BackendUnavailable, ValueError):
            # A stream that broke, maybe within a line; an API server that stays away fails the next read.
            self._pause()
        return False

    def _pause(self) -> None:
        left = _PAUSE_SECONDS if self._end is None else self._end - time.monotonic()
        time.sleep(max(min(left, _PAUSE_SECONDS), 0))
