"""The backend `local`: BackgroundJobs of this machine.

Submitting writes into the state directory; an engine there runs the jobs: `bgjob dev`, or this process
while it waits, when nobody else does. The engine is imported when it is needed: that takes seconds.
"""

import json
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from backgroundjob.api.backgroundjob import BackgroundJob
from backgroundjob.api.explain import explain
from backgroundjob.api.fields import DocumentError
from backgroundjob.api.json_depth import MAX_DEPTH, depth_of
from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP, KIND
from backgroundjob.backends import Change, Document
from backgroundjob.difference import existing_if_same
from backgroundjob.doctor.check import Check
from backgroundjob.errors import Conflict, InvalidParams, InvalidSpec, NotFound
from backgroundjob.names import is_dns_label, with_random_suffix
from backgroundjob.spec_changes import check_change
from backgroundjob.stored_settings import StoredSettings
from backgroundjob.why import Why
from backgroundjob_operator.cluster import port
from backgroundjob_operator.local.attempt_logs import read_logs
from backgroundjob_operator.local.checks import local_checks
from backgroundjob_operator.local.objects import Change as StoredChange
from backgroundjob_operator.local.objects import Objects
from backgroundjob_operator.local.settings_text import read_settings
from backgroundjob_operator.local.state import LocalOptions, utc_now

_LOOK_SECONDS: Final = 0.1
"""Between two looks at a job; one costs 50 µs."""
_STORED_DEFAULTS: Final = {"suspend": False, "cancel": False, "restarts": 0}
"""What the CRD adds to every object."""


class LocalBackend:
    """Jobs in the state directory of BACKGROUNDJOB_STATE_DIR, or ./.backgroundjob."""

    name: Final = "local"
    default_namespace: Final = "default"

    def __init__(self, *, options: LocalOptions | None = None) -> None:
        """Use the directory of these options, of the environment without."""
        self._given = options
        self._opened: dict[Path, Objects] = {}
        self._lock = threading.Lock()

    def submit(self, manifest: Mapping[str, Any]) -> Document:
        """Create the object, or return the existing one that asks for the same. Raises SubmitError."""
        document = _checked(manifest)
        metadata = document["metadata"]
        while True:
            generated = "name" not in metadata
            name = with_random_suffix(metadata["generateName"]) if generated else metadata["name"]
            try:
                return self._objects.create({**document, "metadata": {**metadata, "name": name}})
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
            return self._objects.get(KIND, namespace, name)
        except port.NotFound as error:
            raise NotFound(namespace, name) from error

    def list(self, namespace: str | None) -> Sequence[Document]:
        """All objects of the namespace, of every namespace for None."""
        return self._objects.list(KIND, namespace)

    def logs(
        self,
        namespace: str,
        name: str,
        *,
        attempt: int | None = None,
        follow: bool = False,
        errors: bool = False,
    ) -> Iterator[str]:
        """Lines of the newest attempt, or of the one named. Raises NotFound, LogsUnavailable."""
        return read_logs(
            self._options.state,
            lambda: self.get(namespace, name),
            (lambda: time.sleep(_LOOK_SECONDS)) if follow else None,
            attempt=attempt,
            errors=errors,
        )

    def changes(
        self, namespace: str | None, name: str | None = None, *, timeout_seconds: float | None = None
    ) -> Generator[Change, None, None]:
        """Objects and their changes; SQLite has no watch, so its file is looked at ten times a second.

        While a named object is followed, an engine runs here if nobody else does. Raises NotFound, and
        BackendUnavailable when an engine is needed and cannot start.
        """
        engine, version, seen = None, 0, set[str]()
        if name is not None:
            namespace = namespace or self.default_namespace
            version = int(self.get(namespace, name)["metadata"]["resourceVersion"]) - 1
            from backgroundjob_operator.local.engine_thread import EngineThread  # noqa: PLC0415  takes seconds

            engine = EngineThread(self._options)
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        try:
            while True:
                if engine is not None:
                    engine.ensure()
                found, version = self._objects.changes(version)
                for change in _told(found, namespace, name, seen):
                    yield change
                    if name is not None and change.type == "DELETED":
                        return
                left = _LOOK_SECONDS if end is None else min(_LOOK_SECONDS, end - time.monotonic())
                if left <= 0:
                    return
                time.sleep(left)
        finally:
            if engine is not None:
                engine.close()

    def delete(self, namespace: str, name: str) -> None:
        """Remove the object; what runs of it is stopped by the engine. Raises NotFound."""
        try:
            self._objects.delete(KIND, namespace, name)
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
            return self._objects.patch(KIND, namespace, name, change, resource_version)
        except port.Conflict as error:
            raise Conflict(namespace, name) from error
        except port.NotFound as error:
            raise NotFound(namespace, name) from error

    def why(self, namespace: str, name: str) -> Why:
        """Why it does not run yet. Raises NotFound."""
        from backgroundjob_operator.local.why import local_why  # noqa: PLC0415  takes seconds

        return local_why(self.get(namespace, name), self._objects, self._options, utc_now())

    def settings(self) -> StoredSettings:
        """What the settings file says, in the form of the two ConfigMaps."""
        path = self._options.settings_file
        try:
            found = read_settings(path, self._options.working_directory).config_maps
        except OSError as error:
            return StoredSettings(missing=(f"the settings file {path} cannot be read: {error.strerror}",))
        except (ValueError, yaml.YAMLError) as error:
            return StoredSettings(missing=(f"the settings file {path} cannot be used: {explain(error)}",))
        return StoredSettings(allow_list=found[ALLOW_LIST_CONFIG_MAP], config=found[CONFIG_CONFIG_MAP])

    def events(self, namespace: str, name: str) -> Sequence[Document]:
        """Events about the object, oldest first. Raises NotFound."""
        uid = self.get(namespace, name)["metadata"]["uid"]
        return [one for one in self._objects.list("Event", namespace) if one["involvedObject"]["uid"] == uid]

    def checks(self, namespace: str) -> Iterator[Check]:  # noqa: ARG002  one machine, one answer
        """What `bgjob doctor` says of this machine."""
        return local_checks(self._options, self.settings, lambda: self.list(None))

    @property
    def _options(self) -> LocalOptions:
        return self._given or LocalOptions.from_environment()

    @property
    def _objects(self) -> Objects:
        # By directory: one backend lives as long as the process, and a test may change the environment.
        state = self._options.state
        with self._lock:
            if state.path not in self._opened:
                state.create()
                self._opened[state.path] = Objects(state.database, utc_now)
            return self._opened[state.path]


def _told(
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
    namespace = document["metadata"].setdefault("namespace", LocalBackend.default_namespace)
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
