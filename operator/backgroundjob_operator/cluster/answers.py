"""Reading what the API server answers: documents, lines of a watch, and errors from its Status."""

import json
from collections.abc import AsyncIterator
from typing import Final

import aiohttp

from backgroundjob.api.json_depth import bounded
from backgroundjob_operator.cluster.port import (
    AlreadyExists,
    ClusterError,
    Conflict,
    Document,
    Expired,
    NotFound,
    Refused,
    Unavailable,
    WatchEvent,
)

LINE_LIMIT_BYTES: Final = 16 * 1024 * 1024
RETRY_AFTER_LIMIT_SECONDS: Final = 60
"""However long a server asks to be left alone; a wrong header would stop everything."""


async def lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a stream, however it is cut into chunks."""
    # Not readline(): its limit is far below a pod's size.
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line:
                yield line
        if len(rest) > LINE_LIMIT_BYTES:
            raise Unavailable(f"a watch line is longer than {LINE_LIMIT_BYTES} bytes")


def watch_event(line: bytes) -> WatchEvent:
    """One line of a watch. Raises Expired or Unavailable for a line that ends it."""
    event = document(line, "a watch line")
    if event["type"] == "ERROR":
        status = event["object"]
        if status.get("code") == 410:
            raise Expired(status.get("message", "expired"))
        raise Unavailable(f"the watch ended: {status.get('message', status)}")
    return WatchEvent(event["type"], event["object"])


def document(raw: bytes, what: str) -> Document:
    """The JSON object in an answer. Anything else is not from the API server: try again later."""
    try:
        document = json.loads(bounded(raw))
    except ValueError as error:
        raise Unavailable(f"{what}: the answer is not JSON") from error
    if not isinstance(document, dict):
        raise Unavailable(f"{what}: the answer is not a JSON object")
    return document


def sentence(error: Exception) -> str:
    """The error in words, and nothing of the request."""
    # Never repr(): aiohttp's shows the request's headers, the token among them.
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def raise_for_status(response: aiohttp.ClientResponse) -> None:
    """Raise the ClusterError that the answer stands for; nothing below 400."""
    if response.status < 400:
        return
    raw = await response.read()
    try:
        status = document(raw, "an error")
    except Unavailable:
        # A proxy's page, not the server's Status.
        status = {"message": f"HTTP {response.status}: {raw[:500].decode(errors='replace')}"}
    message = str(status.get("message") or f"HTTP {response.status} without a message")
    reason = str(status.get("reason") or "")
    raise _error(response.status, reason, message, response.headers.get("Retry-After", "0"))


def _error(code: int, reason: str, message: str, retry_after: str) -> ClusterError:
    if code == 404:
        return NotFound(message)
    if code == 409:
        return AlreadyExists(message) if reason == "AlreadyExists" else Conflict(message)
    if code == 410:
        return Expired(message)
    if code in (401, 429) or code >= 500:
        seconds = float(retry_after) if retry_after.isdecimal() else 0
        return Unavailable(message, min(seconds, RETRY_AFTER_LIMIT_SECONDS))
    return Refused(message)
