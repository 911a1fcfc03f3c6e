"""The version of each object that was seen last: it tells news from repetition, a loss from a late list."""

from collections.abc import Iterable, Mapping
from typing import Any


class Versions:
    """By uid: the newest resourceVersion, and the namespace of the object."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, str]] = {}

    def is_news(self, document: Mapping[str, Any]) -> bool:
        """Whether this is newer than what was seen; if so, it is now what was seen."""
        metadata = document["metadata"]
        version = int(metadata["resourceVersion"])
        if version <= self._seen.get(metadata["uid"], (-1, ""))[0]:
            return False
        self._seen[metadata["uid"]] = version, metadata["namespace"]
        return True

    def forget(self, uid: str) -> None:
        """The object is gone, and nothing about it comes any more."""
        self._seen.pop(uid, None)

    def lost(
        self, known: Iterable[str], listed: set[str], list_version: int, namespace: str | None
    ) -> list[str]:
        """The known ones that a complete list lacks. `namespace` None: a list of all namespaces."""
        missing = [(uid, *self._seen.get(uid, (0, namespace))) for uid in known if uid not in listed]
        # What was created after the list was taken is not lost: its write response came first.
        return [
            uid for uid, version, place in missing if version <= list_version and namespace in (None, place)
        ]
