"""Reads the API server's audit log: what was really asked of the API, by whom, with which answer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One answered request. Empty strings and code 0 stand for what the request or its answer did not have.

    `name` is empty for lists, watches and for creates that leave the name to the server.
    """

    verb: str
    api_group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    user: str
    user_agent: str
    code: int
    request_time: datetime


def audit_events(path: Path, since: datetime | None = None) -> Iterator[AuditEvent]:
    """Requests received at `since` (aware) or later, in the order of their answers.

    Only the stage ResponseComplete: a watch that still runs is not here yet. A last line that is still
    being written is left for the next call.
    """
    with path.open(encoding="utf-8") as log:
        for line in log:
            if not line.endswith("\n"):
                return
            document = json.loads(line)
            if document["stage"] == "ResponseComplete":
                event = _event(document)
                if since is None or event.request_time >= since:
                    yield event


def _event(document: dict[str, Any]) -> AuditEvent:
    about = document.get("objectRef", {})
    return AuditEvent(
        verb=document["verb"],
        api_group=about.get("apiGroup", ""),
        resource=about.get("resource", ""),
        subresource=about.get("subresource", ""),
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        user=document["user"].get("username", ""),
        user_agent=document.get("userAgent", ""),
        code=document.get("responseStatus", {}).get("code", 0),
        request_time=datetime.fromisoformat(document["requestReceivedTimestamp"]),
    )
