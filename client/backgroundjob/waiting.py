"""Waiting for the end of a job, on top of the changes that a backend tells."""

from collections.abc import Iterator
from contextlib import closing

from backgroundjob.backends import Backend, Document
from backgroundjob.errors import NotFound
from backgroundjob.finish import is_finished, still_running


def follow(
    backend: Backend, namespace: str, name: str, *, uid: str = "", timeout_seconds: float | None = None
) -> Iterator[Document]:
    """The object as it is and after each change, up to the one in which it has finished.

    With `uid`, a later object of the same name counts as none. Raises NotFound, also when it is deleted,
    and StillRunning when the time is over.
    """
    seen: Document | None = None
    with closing(backend.changes(namespace, name, timeout_seconds=timeout_seconds)) as changes:
        for change in changes:
            seen = change.document
            if change.type == "DELETED" or (uid and seen["metadata"].get("uid") != uid):
                raise NotFound(namespace, name)
            yield seen
            if is_finished(seen):
                return
    if seen is None:
        raise NotFound(namespace, name)
    raise still_running(seen, timeout_seconds or 0)
