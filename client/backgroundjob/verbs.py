"""What people do to a job later: cancel, suspend, resume, retry. One small change of the spec each."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from backgroundjob.backends import Backend, Document
from backgroundjob.errors import Conflict, NotFound, NotPossible
from backgroundjob.finish import UNSEEN, is_finished

_TRIES: Final = 5
"""The operator writes a status now and then; five in a row between a read and a write are a defect."""


class Verb(StrEnum):
    """As on the command line."""

    CANCEL = "cancel"
    SUSPEND = "suspend"
    RESUME = "resume"
    RETRY = "retry"


def change(verb: Verb, document: Mapping[str, Any]) -> dict[str, Any]:
    """The patch of the spec; empty when the object is already as wished. Raises NotPossible."""
    spec = document.get("spec") or {}
    if verb is Verb.RETRY:
        if not is_finished(document):
            raise _not_possible(verb, document, "only a job that has ended can be run again")
        return {"restarts": int(spec.get("restarts", 0)) + 1, "cancel": False}
    if verb is Verb.RESUME:
        return {"suspend": False} if spec.get("suspend") else {}
    if is_finished(document):
        raise _not_possible(verb, document, f"there is nothing to {verb}")
    return {} if spec.get(verb.value) else {verb.value: True}


def apply(
    backend: Backend, namespace: str, name: str, verb: Verb, *, uid: str | None = None
) -> tuple[Document, bool]:
    """Do it; the object, and whether it was changed. Raises NotFound, NotPossible, Conflict, SubmitError.

    With `uid`, a later object of the same name is NotFound. The patch carries the version that was
    read, so that what was decided still holds when it is written.
    """
    for left in reversed(range(_TRIES)):
        document = backend.get(namespace, name)
        if uid and document["metadata"].get("uid") != uid:
            raise NotFound(namespace, name)
        patch = change(verb, document)
        if not patch:
            return document, False
        try:
            version = document["metadata"]["resourceVersion"]
            return backend.patch_spec(namespace, name, patch, version), True
        except Conflict:
            if not left:
                raise
    raise AssertionError  # pragma: no cover  the last try returns or raises


def _not_possible(verb: Verb, document: Mapping[str, Any], problem: str) -> NotPossible:
    metadata, status = document["metadata"], document.get("status") or {}
    state = str(status.get("state") or UNSEEN)
    return NotPossible(metadata["namespace"], metadata["name"], verb.value, state, problem)
