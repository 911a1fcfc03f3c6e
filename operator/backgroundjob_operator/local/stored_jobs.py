"""What both backends of this machine do with objects in SQLite: the rules of the CRD, without an engine."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from backgroundjob.api.backgroundjob import BackgroundJob
from backgroundjob.api.fields import DocumentError
from backgroundjob.api.json_depth import MAX_DEPTH, depth_of
from backgroundjob.api.labels import KIND
from backgroundjob.backends import Change, Document
from backgroundjob.difference import existing_if_same
from backgroundjob.errors import Conflict, InvalidParams, InvalidSpec, NotFound
from backgroundjob.names import is_dns_label, with_random_suffix
from backgroundjob.spec_changes import check_change
from backgroundjob_operator.cluster import port
from backgroundjob_operator.local.objects import Change as StoredChange
from backgroundjob_operator.local.objects import Objects

DEFAULT_NAMESPACE: Final = "default"
_STORED_DEFAULTS: Final = {"suspend": False, "cancel": False, "restarts": 0}
"""What the CRD adds to every object."""


class StoredJobs(ABC):
    """BackgroundJobs in `objects`: created, read, changed and deleted as the API server lets users do it."""

    default_namespace: Final = DEFAULT_NAMESPACE

    @property
    @abstractmethod
    def objects(self) -> Objects:
        """Where they are."""

    def submit(self, manifest: Mapping[str, Any]) -> Document:
        """Create the object, or return the existing one that asks for the same. Raises SubmitError."""
        document = _checked(manifest)
        metadata = document["metadata"]
        while True:
            generated = "name" not in metadata
            name = with_random_suffix(metadata["generateName"]) if generated else metadata["name"]
            try:
                return self.objects.create({**document, "metadata": {**metadata, "name": name}})
            except port.AlreadyExists:
                if generated:
                    continue
            try:
                return existing_if_same(document, self.get(metadata["namespace"], name))
            except NotFound:
                continue  # deleted in between: the name is free now

    def get(self, namespace: str, name: str) -> Document:
        """The object. Raises NotFound."""
        try:
            return self.objects.get(KIND, namespace, name)
        except port.NotFound as error:
            raise NotFound(namespace, name) from error

    def list(self, namespace: str | None) -> Sequence[Document]:
        """All objects of the namespace, of every namespace for None."""
        return self.objects.list(KIND, namespace)

    def delete(self, namespace: str, name: str) -> None:
        """Remove the object; what runs of it is stopped by the engine. Raises NotFound."""
        try:
            self.objects.delete(KIND, namespace, name)
        except port.NotFound as error:
            raise NotFound(namespace, name) from error

    def patch_spec(
        self,
        namespace: str,
        name: str,
        patch: Mapping[str, Any],
        resource_version: str,
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> Document:
        """Patch the spec by the rules of the CRD. Raises NotFound, Conflict, SubmitError."""
        document = self.get(namespace, name)
        changed = _checked({**document, "spec": {**document["spec"], **patch}})
        check_change(document, changed["spec"])
        try:
            # The version is that of the document just checked, or this fails.
            metadata = {"metadata": {"annotations": dict(annotations)}} if annotations else {}
            change = {"spec": dict(patch), **metadata}
            return self.objects.patch(KIND, namespace, name, change, resource_version)
        except port.Conflict as error:
            raise Conflict(namespace, name) from error
        except port.NotFound as error:
            raise NotFound(namespace, name) from error

    def events(self, namespace: str, name: str) -> Sequence[Document]:
        """Events about the object, oldest first. Raises NotFound."""
        uid = self.get(namespace, name)["metadata"]["uid"]
        return [one for one in self.objects.list("Event", namespace) if one["involvedObject"]["uid"] == uid]


def changes_of(
    found: Iterable[StoredChange], namespace: str | None, name: str | None, seen: set[str]
) -> Iterator[Change]:
    """What of it is about the objects that are followed; `seen` keeps their uids."""
    for one in found:
        metadata = one.document["metadata"]
        is_asked_for = namespace in (None, metadata["namespace"]) and name in (None, metadata["name"])
        if one.kind != KIND or not is_asked_for:
            continue
        uid = metadata["uid"]
        if one.type == "DELETED":
            if uid in seen:
                seen.remove(uid)
                yield Change("DELETED", one.document)
            continue
        yield Change("MODIFIED" if uid in seen else "ADDED", one.document)
        seen.add(uid)


def _checked(manifest: Mapping[str, Any]) -> Document:
    """The object as the API server would store it. Raises SubmitError where it would refuse it."""
    if depth_of(manifest) > MAX_DEPTH:
        raise InvalidParams("spec.params", "is nested too deep; at most 8 levels are accepted")
    try:
        document: Document = json.loads(json.dumps(manifest, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InvalidParams("spec.params", f"is not JSON: {error}") from error
    namespace = document["metadata"].setdefault("namespace", DEFAULT_NAMESPACE)
    if not is_dns_label(namespace):
        raise InvalidSpec("namespace", f"is {namespace!r:.80}; give lower-case letters, digits and hyphens")
    try:
        BackgroundJob.parse(document)
    except DocumentError as error:
        raise _refusal(error) from error
    document["spec"] = _STORED_DEFAULTS | document["spec"]
    return document


def _refusal(error: DocumentError) -> InvalidParams | InvalidSpec:
    field, _, problem = error.problems[0].partition(": ")
    problem = "; ".join([problem, *error.problems[1:]])
    is_about_params = field.startswith(("spec.params", "spec.args"))
    return InvalidParams(field, problem) if is_about_params else InvalidSpec(field, problem)
