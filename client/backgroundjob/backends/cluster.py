"""The backend `cluster`: BackgroundJob objects on a Kubernetes API server, which the operator there runs."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from backgroundjob.api.json_depth import bounded
from backgroundjob.api.labels import GROUP, PLURAL, VERSION
from backgroundjob.backends import Document
from backgroundjob.backends.kube_api import ApiError, KubeApi
from backgroundjob.backends.kube_config import Connection, connect
from backgroundjob.backends.kube_errors import submit_error
from backgroundjob.backends.kube_logs import read_logs
from backgroundjob.backends.kube_system import read_events, read_settings, read_why
from backgroundjob.backends.polling import is_finished, timed_out
from backgroundjob.difference import existing_if_same
from backgroundjob.errors import BackendUnavailable, Conflict, NotFound
from backgroundjob.stored_settings import StoredSettings
from backgroundjob.why import Why

_PAGE_SIZE: Final = 500
_LONGEST_WATCH_SECONDS: Final = 240
"""Below the idle limits of usual load balancers; the watch is then opened again."""
_NAME_TRIES: Final = 8
_WRITE: Final = {"fieldManager": "bgjob", "fieldValidation": "Strict"}
"""Strict: an older CRD would drop a field that it does not know without a word."""
_PAUSE_SECONDS: Final = 1.0


class ClusterBackend:
    """BackgroundJobs on a cluster. Reads credentials when made and connects when first used."""

    name: Final = "cluster"

    def __init__(self, *, context: str | None = None, connection: Connection | None = None) -> None:
        """Use the kubeconfig `context`, the current one without. Raises BackendUnavailable."""
        chosen = connection or connect(context)
        self._api = KubeApi(chosen)
        self.default_namespace: Final = chosen.namespace

    def submit(self, manifest: Mapping[str, Any]) -> Document:
        """Create the object, or return the existing one that asks for the same. Raises SubmitError."""
        metadata = manifest["metadata"]
        namespace = metadata.get("namespace") or self.default_namespace
        for _ in range(_NAME_TRIES):
            try:
                return self._api.json("POST", _path(namespace), query=_WRITE, body=manifest)
            except ApiError as error:
                if error.http_status != 409 or error.status.get("reason") != "AlreadyExists":
                    raise self._submit_error(error, manifest) from error
            if "name" in metadata:
                try:
                    return existing_if_same(dict(manifest), self.get(namespace, metadata["name"]))
                except NotFound:
                    continue  # deleted in between: the name is free now
        raise BackendUnavailable(
            "cluster", f"{self._api.server} says that every name tried is taken", "try again"
        )

    def get(self, namespace: str, name: str) -> Document:
        """The object. Raises NotFound."""
        try:
            return self._api.json("GET", _path(namespace, name))
        except ApiError as error:
            raise self._error(error, namespace, name) from error

    def list(self, namespace: str | None) -> Sequence[Document]:
        """All objects of the namespace, of every namespace for None; one that is nested too deep is cut."""
        items: list[Document] = []
        query: dict[str, Any] = {"limit": _PAGE_SIZE}
        while True:
            try:
                page = self._api.json("GET", _path(namespace), query=query)
            except ApiError as error:
                raise self._api.error(error) from error
            items += page.get("items") or []
            query["continue"] = (page.get("metadata") or {}).get("continue")
            if not query["continue"]:
                return items

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
            self._api, lambda: self.get(namespace, name), attempt=attempt, follow=follow, errors=errors
        )

    def wait(self, namespace: str, name: str, *, timeout_seconds: float | None = None) -> Document:
        """The object once it has finished, by watches. Raises WaitTimeout, NotFound."""
        started = time.monotonic()
        while True:
            document = self.get(namespace, name)
            if is_finished(document):
                return document
            left = None if timeout_seconds is None else started + timeout_seconds - time.monotonic()
            if timeout_seconds is not None and left is not None and left <= 0:
                raise timed_out(document, timeout_seconds)
            finished = self._watch(document, left)
            if finished is not None:
                return finished

    def delete(self, namespace: str, name: str) -> None:
        """Remove the object; Kubernetes removes its Jobs and pods. Raises NotFound."""
        try:
            self._api.json("DELETE", _path(namespace, name), query={"propagationPolicy": "Background"})
        except ApiError as error:
            raise self._error(error, namespace, name) from error

    def patch_spec(
        self, namespace: str, name: str, patch: Mapping[str, Any], resource_version: str
    ) -> Document:
        """Merge-patch the spec of exactly this version. Raises NotFound, Conflict, SubmitError."""
        body = {"metadata": {"resourceVersion": resource_version}, "spec": dict(patch)}
        try:
            return self._api.json("PATCH", _path(namespace, name), query=_WRITE, body=body)
        except ApiError as error:
            if error.http_status == 409:
                raise Conflict(namespace, name) from error
            refused = submit_error(error.http_status, error.status, f"{namespace}/{name}")
            raise refused or self._error(error, namespace, name) from error

    def why(self, namespace: str, name: str) -> Why:
        """What the operator answers; what is stored, and what is missing, when it cannot be asked."""
        return read_why(self._api, self.get(namespace, name))

    def settings(self) -> StoredSettings:
        """The two ConfigMaps of the operator's namespace."""
        return read_settings(self._api)

    def events(self, namespace: str, name: str) -> Sequence[Document]:
        """Events about the object, oldest first. Raises NotFound, AccessDenied."""
        return read_events(self._api, self.get(namespace, name))

    def _watch(self, document: Document, seconds: float | None) -> Document | None:
        """The finished object, or None when the watch ended first and the object must be read again."""
        metadata = document["metadata"]
        limit = (
            min(_LONGEST_WATCH_SECONDS, max(1, int(seconds + 0.999)))
            if seconds is not None
            else _LONGEST_WATCH_SECONDS
        )
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={metadata['name']}",
            "resourceVersion": metadata["resourceVersion"],
            "timeoutSeconds": limit,
        }
        try:
            for line in self._api.lines(
                _path(metadata["namespace"]), query=query, read_timeout_seconds=limit + 10
            ):
                event = json.loads(bounded(line))
                if event.get("type") in {"ERROR", "DELETED"}:
                    return None  # 410 Gone or deleted: reading again tells
                if is_finished(event["object"]):
                    return dict(event["object"])
        except ApiError as error:
            # 403: who may get but not watch waits too, by asking again.
            if error.http_status not in {403, 410, 429} and error.http_status < 500:
                raise self._api.error(error) from error
            time.sleep(_PAUSE_SECONDS)
        except BackendUnavailable:
            time.sleep(_PAUSE_SECONDS)  # a broken stream; an API server that stays away fails the next read
        return None

    def _submit_error(self, error: ApiError, manifest: Mapping[str, Any]) -> Exception:
        spec = manifest["spec"]
        target = f"{spec['class']}.{spec['method']}"
        return submit_error(error.http_status, error.status, target) or self._api.error(error)

    def _error(self, error: ApiError, namespace: str, name: str) -> Exception:
        if error.http_status == 404 and (error.status.get("details") or {}).get("name") == name:
            return NotFound(namespace, name)
        return self._api.error(error)


def _path(namespace: str | None, name: str | None = None) -> str:
    place = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{GROUP}/{VERSION}{place}/{PLURAL}" + (f"/{name}" if name else "")
