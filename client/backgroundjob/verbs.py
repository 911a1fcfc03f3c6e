"""What people do to a job later: cancel, suspend, resume, retry. One small change of the spec each."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from backgroundjob.api.labels import LAST_COMMAND_ANNOTATION
from backgroundjob.backends import Backend, Document
from backgroundjob.errors import Conflict, NotFound, NotPossible
from backgroundjob.finish import UNSEEN, is_finished

_TRIES: Final = 5
"""The operator writes a status now and then; five in a row between a read and a write are a defect."""

REASON_LIMIT: Final = 256
"""Characters of a reason; it is written to be read in one line."""


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
    backend: Backend, namespace: str, name: str, verb: Verb, *, uid: str | None = None, reason: str = ""
) -> tuple[Document, bool]:
    """Do it; the object, and whether it was changed. Raises NotFound, NotPossible, Conflict, SubmitError.

    With `uid`, a later object of the same name is NotFound. The patch carries the version that was
    read, so that what was decided still holds when it is written. A `reason` is stored with the object.
    """

    def decide(document: Document) -> dict[str, Any] | None:
        if uid and document["metadata"].get("uid") != uid:
            raise NotFound(namespace, name)
        return change(verb, document) or None

    return _patched(backend, namespace, name, decide, command(verb, reason))


def annotate(backend: Backend, namespace: str, name: str, verb: str, reason: str) -> None:
    """Store why, and nothing else. Raises NotFound, Conflict."""
    _patched(backend, namespace, name, lambda _: {}, command(verb, reason))


def command(verb: str, reason: str) -> dict[str, str]:
    """The annotation that tells others why; none without a reason."""
    if not reason:
        return {}
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"verb": str(verb), "reason": reason, "time": time}
    return {LAST_COMMAND_ANNOTATION: json.dumps(told, ensure_ascii=False)}


def _patched(
    backend: Backend,
    namespace: str,
    name: str,
    decide: Callable[[Document], dict[str, Any] | None],
    annotations: Mapping[str, str],
) -> tuple[Document, bool]:
    for left in reversed(range(_TRIES)):
        document = backend.get(namespace, name)
        patch = decide(document)
        if patch is None:
            return document, False
        try:
            version = document["metadata"]["resourceVersion"]
            return backend.patch_spec(namespace, name, patch, version, annotations=annotations), True
        except Conflict:
            if not left:
                raise
    raise AssertionError  # pragma: no cover  the last try returns or raises


def _not_possible(verb: Verb, document: Mapping[str, Any], problem: str) -> NotPossible:
    metadata, status = document["metadata"], document.get("status") or {}
    state = str(status.get("state") or UNSEEN)
    return NotPossible(metadata["namespace"], metadata["name"], verb.value, state, problem)
