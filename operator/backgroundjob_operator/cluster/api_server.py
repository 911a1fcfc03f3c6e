"""Requests to the API server: one per call, authorised anew each time, and no write without the right."""

import json
import math
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import aiohttp

from backgroundjob_operator.cluster.answers import document, lines, raise_for_status, sentence
from backgroundjob_operator.cluster.clock import ServerClock
from backgroundjob_operator.cluster.credentials import Credentials
from backgroundjob_operator.cluster.port import Document, NotLeading, Unavailable

REQUEST_TIMEOUT_SECONDS: Final = 30
SILENCE_TIMEOUT_SECONDS: Final = 90
"""Bookmarks come about once a minute; a stream silent for longer is a dead connection."""


def without_election() -> float:
    """Seconds for which a process may write that shares the cluster with no other."""
    return math.inf


class ApiServer:
    """An API server over one aiohttp session. Close the session to end it.

    `seconds_left` says for how long this process may write; it is asked before each write, which is given
    up when that time is over. What the server received by then it may still do: names, versions and uids
    in our requests make that harmless.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        credentials: Credentials,
        clock: ServerClock | None = None,
        seconds_left: Callable[[], float] = without_election,
    ) -> None:
        self._session = session
        self._credentials = credentials
        self._seconds_left = seconds_left
        self.clock = clock or ServerClock()

    def writing_while(self, seconds_left: Callable[[], float]) -> "ApiServer":
        """The same server, to which writes are sent only for as long as that says."""
        return ApiServer(self._session, self._credentials, self.clock, seconds_left)

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> Document:
        """The JSON object that one request is answered with. Raises ClusterError."""
        seconds = REQUEST_TIMEOUT_SECONDS if method == "GET" else self._write_seconds(method, path)
        sent_time = self.clock.local_time()
        try:
            timeout = aiohttp.ClientTimeout(total=seconds, ceil_threshold=math.inf)
            async with self._request(method, path, query=query, body=body, timeout=timeout) as response:
                self.clock.observe(response.headers.get("Date"), sent_time)
                await raise_for_status(response)
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{method} {path}: {sentence(error)}") from error
        return document(raw, f"{method} {path}")

    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[bytes]:
        """The lines of an answer that has no end. Raises ClusterError."""
        timeout = aiohttp.ClientTimeout(sock_connect=5, sock_read=SILENCE_TIMEOUT_SECONDS)
        try:
            async with self._request("GET", path, query=query, timeout=timeout) as response:
                await raise_for_status(response)
                async for line in lines(response.content):
                    yield line
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"the watch of {path} broke: {sentence(error)}") from error

    def _write_seconds(self, method: str, path: str) -> float:
        seconds = min(REQUEST_TIMEOUT_SECONDS, self._seconds_left())
        if seconds <= 0:
            raise NotLeading(f"{method} {path} is not sent: this process does not hold the Lease")
        return seconds

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        timeout: aiohttp.ClientTimeout,
    ) -> Any:
        content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return self._session.request(
            method,
            self._credentials.server + path,
            params=query,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": content_type,
                "Accept": "application/json",
                **self._credentials.headers(),
            },
            ssl=self._credentials.ssl_context or True,
            # The API server redirects nobody, and the token is for it alone.
            allow_redirects=False,
            timeout=timeout,
        )
