"""An aiohttp response whose JSON is never nested deeper than Python can parse.

The API server stores JSON nested 10,000 levels deep; json.loads gives up at about 1,000, and with it the
whole LIST or watch. kopf parses responses itself, so its session gets this response class.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from backgroundjob.api.json_depth import bounded


class BoundedResponse(aiohttp.ClientResponse):
    """Cuts nesting in whole documents (`json`) and in lines of a watch (`content`)."""

    async def start(self, connection: Any) -> "BoundedResponse":
        """Read the headers; a watch's lines pass through the filter from here on."""
        await super().start(connection)
        if self.url.query.get("watch") == "true":
            self.content = BoundedLines(self.content)  # type: ignore[assignment]  # the part kopf reads
        return self

    async def json(self, **_: Any) -> Any:
        """The document, nested no deeper than Python can parse."""
        return json.loads(bounded(await self.read()))


class BoundedLines:
    """The part of a StreamReader that line readers use, with every line bounded."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Whole lines, as they come; a chunk may be longer than `size` when a line is."""
        rest = b""
        async for chunk in self._content.iter_chunked(size):
            *lines, rest = (rest + chunk).split(b"\n")
            if lines:
                yield b"".join(bounded(line) + b"\n" for line in lines)
        if rest:
            yield bounded(rest)
