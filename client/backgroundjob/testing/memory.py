"""A backend in memory: it records jobs, runs nothing, and ends them as told."""

import json
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from backgroundjob.api.reasons import ConditionType, Reason, State
from backgroundjob.backends import Change, Document
from backgroundjob.backends.error_lines import only_errors
from backgroundjob.difference import existing_if_same
from backgroundjob.doctor.check import Check
from backgroundjob.errors import Conflict, LogsUnavailable, NotFound
from backgroundjob.handle import Handle
from backgroundjob.names import with_random_suffix
from backgroundjob.spec_changes import check_change
from backgroundjob.stored_settings import StoredSettings
from backgroundjob.testing.assertions import Expected, failure, matching
from backgroundjob.testing.statuses import ended_status, failed_status, running_status
from backgroundjob.why import Why

_NO_SETTINGS = "there is no allow-list and no configuration in memory: give InMemoryBackend(settings=…)"


class InMemoryBackend:
    """Keeps BackgroundJobs in a dict. They stay as submitted until `succeed` or `fail` ends them."""

    name = "memory"
    default_namespace = "default"

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        settings: StoredSettings | None = None,
    ) -> None:
        """Stamp objects with `now`; `settings` are what `settings()` answers."""
        self._now = now
        self._settings = settings or StoredSettings(missing=(_NO_SETTINGS,))
        self._version = 0
        self._lock = RLock()
        self._objects: dict[tuple[str, str], Document] = {}
        self._logs: dict[tuple[str, str], dict[int, list[str]]] = {}

    # What tests do

    def calls(self) -> Sequence[tuple[str, Any]]:
        """`("Class.method", params)` of every job in order of submission; positional ones as a list."""
        return [
            (f"{spec['class']}.{spec['method']}", spec["args"] if "args" in spec else spec.get("params", {}))
            for spec in (document["spec"] for document in self._objects.values())
        ]

    def enqueued(self, job: Expected, /, **params: Any) -> Sequence[Handle[Any]]:
        """The jobs that run this method with these parameters among theirs, in order of submission.

        A typed method may carry options: `EmailJob.send.using(delay="10m")` finds those with that delay.
        A positional parameter of a submission by name is called "0", "1", ….
        """
        return [Handle.of(self, one) for one in matching(self.list(None), job, params)]

    def assert_enqueued(self, job: Expected, /, **params: Any) -> Handle[Any]:
        """The one job that `enqueued` finds. Raises AssertionError, which lists what was submitted."""
        found = self.enqueued(job, **params)
        if len(found) != 1:
            times = f"enqueued {len(found)} times" if found else "not enqueued"
            raise AssertionError(failure(self.list(None), job, params, times))
        return found[0]

    def assert_not_enqueued(self, job: Expected, /, **params: Any) -> None:
        """Raises AssertionError when `enqueued` finds one."""
        found = self.enqueued(job, **params)
        if found:
            raise AssertionError(failure(self.list(None), job, params, f"enqueued {len(found)} times"))

    def assert_nothing_enqueued(self) -> None:
        """Raises AssertionError when anything was submitted."""
        if self._objects:
            raise AssertionError(f"{len(self._objects)} jobs were enqueued: {self.calls()}")

    def start(self, name: str, *, namespace: str = default_namespace) -> None:
        """Let the job run."""
        with self._lock:
            document = self._copy((namespace, name))
            document["status"] = document.get("status", {}) | running_status(self._timestamp())
            self._store(document)

    def succeed(self, name: str, result: Any = None, *, namespace: str = default_namespace) -> None:
        """End the job with Succeeded; `result` as the method would have returned it."""
        status = {"reason": Reason.COMPLETED.value, "result": json.loads(json.dumps(result))}
        self._end(namespace, name, State.SUCCEEDED, ConditionType.COMPLETE, status)

    def fail(
        self,
        name: str,
        *,
        state: State = State.FAILED,
        reason: Reason = Reason.RETRIES_EXHAUSTED,
        message: str = "",
        exception: Exception | None = None,
        namespace: str = default_namespace,
    ) -> None:
        """End the job without success; `exception` as the method would have raised it."""
        status = failed_status(name, reason, message, exception)
        self._end(namespace, name, state, ConditionType.FAILED, status)

    def add_log(self, name: str, *lines: str, attempt: int = 1, namespace: str = default_namespace) -> None:
        """Give the attempt these log lines."""
        self._logs.setdefault((namespace, name), {}).setdefault(attempt, []).extend(lines)

    # What every backend does

    def submit(self, manifest: Mapping[str, Any]) -> Document:
        """Create the object, or return the existing one that asks for the same. Raises SubmitError."""
        document: Document = json.loads(json.dumps(manifest, allow_nan=False))
        metadata = document["metadata"]
        namespace = metadata.setdefault("namespace", self.default_namespace)
        with self._lock:
            if "name" not in metadata:
                metadata["name"] = self._free_name(namespace, metadata["generateName"])
            key = (namespace, metadata["name"])
            if key in self._objects:
                return existing_if_same(document, self._copy(key))
            metadata |= {"uid": str(uuid.uuid4()), "generation": 1, "creationTimestamp": self._timestamp()}
            return self._store(document)

    def get(self, namespace: str, name: str) -> Document:
        """The object. Raises NotFound."""
        with self._lock:
            return self._copy((namespace, name))

    def list(self, namespace: str | None) -> Sequence[Document]:
        """All objects of the namespace, of every namespace for None."""
        with self._lock:
            return [self._copy(key) for key in self._objects if namespace in (None, key[0])]

    def logs(
        self,
        namespace: str,
        name: str,
        *,
        attempt: int | None = None,
        follow: bool = False,  # noqa: ARG002  the lines are all there
        errors: bool = False,
    ) -> Iterator[str]:
        """Lines given by `add_log`. Raises NotFound, LogsUnavailable."""
        self.get(namespace, name)
        attempts = self._logs.get((namespace, name), {})
        number = attempt if attempt is not None else max(attempts, default=0)
        if number not in attempts:
            raise LogsUnavailable(
                namespace, name, f"attempt {number} has none" if number else "no attempt has started"
            )
        return only_errors(attempts[number]) if errors else iter(attempts[number])

    def changes(
        self,
        namespace: str | None,
        name: str | None = None,
        *,
        timeout_seconds: float | None = None,  # noqa: ARG002  nothing here changes by itself
    ) -> Generator[Change, None, None]:
        """What is there; it ends at once. Raises NotFound."""
        found = (
            self.list(namespace) if name is None else [self.get(namespace or self.default_namespace, name)]
        )
        for document in found:
            yield Change("ADDED", document)

    def delete(self, namespace: str, name: str) -> None:
        """Forget the object. Raises NotFound."""
        with self._lock:
            self.get(namespace, name)
            del self._objects[namespace, name]
            self._logs.pop((namespace, name), None)

    def patch_spec(
        self,
        namespace: str,
        name: str,
        patch: Mapping[str, Any],
        resource_version: str,
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> Document:
        """Patch the spec by the rules of the CRD. Raises NotFound, Conflict, InvalidSpec."""
        with self._lock:
            document = self._copy((namespace, name))
            if document["metadata"]["resourceVersion"] != resource_version:
                raise Conflict(namespace, name)
            spec = document["spec"] | dict(patch)
            check_change(document, spec)
            document["metadata"]["generation"] += spec != document["spec"]
            document["spec"] = spec
            if annotations:
                document["metadata"].setdefault("annotations", {}).update(annotations)
            return self._store(document)

    def why(self, namespace: str, name: str) -> Why:
        """What is stored: nothing here waits for anything."""
        return Why.stored(self.get(namespace, name))

    def settings(self) -> StoredSettings:
        """What it was made with."""
        return self._settings

    def events(self, namespace: str, name: str) -> Sequence[Document]:
        """None, ever. Raises NotFound."""
        self.get(namespace, name)
        return ()

    def checks(self, namespace: str) -> Iterator[Check]:
        """What can be said without anything that runs: the settings, and the jobs of the namespace."""
        from backgroundjob.doctor.settings import stored_checks  # noqa: PLC0415  parses YAML
        from backgroundjob.doctor.waiting import waiting_checks  # noqa: PLC0415  for this alone

        yield from stored_checks(self._settings)
        yield from waiting_checks(self.list(namespace), self._now(), f"in {namespace}")

    def _store(self, document: Document) -> Document:
        self._version += 1
        document["metadata"]["resourceVersion"] = str(self._version)
        key = (document["metadata"]["namespace"], document["metadata"]["name"])
        self._objects[key] = document
        return self._copy(key)

    def _free_name(self, namespace: str, generate_name: str) -> str:
        while (namespace, name := with_random_suffix(generate_name)) in self._objects:
            continue
        return name

    def _copy(self, key: tuple[str, str]) -> Document:
        if key not in self._objects:
            raise NotFound(*key)
        document: Document = json.loads(json.dumps(self._objects[key]))
        return document

    def _end(
        self, namespace: str, name: str, state: State, condition: ConditionType, status: dict[str, Any]
    ) -> None:
        with self._lock:
            document = self._copy((namespace, name))
            document["status"] = ended_status(document, state, condition, status, self._timestamp())
            self._store(document)

    def _timestamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
