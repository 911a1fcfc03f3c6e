"""The backend `cluster`: BackgroundJob objects on a Kubernetes API server, which the operator there runs."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, Final

from backgroundjob.api.labels import GROUP, PLURAL, VERSION
from backgroundjob.backends import Change, Document
from backgroundjob.backends.kube_api import ApiError, KubeApi
from backgroundjob.backends.kube_config import Connection, connect
from backgroundjob.backends.kube_errors import submit_error
from backgroundjob.backends.kube_logs import read_logs
from backgroundjob.backends.kube_system import read_events, read_settings, read_why
from backgroundjob.backends.kube_watch import Watch
from backgroundjob.difference import existing_if_same
from backgroundjob.doctor.check import Check
from backgroundjob.errors import AccessDenied, BackendUnavailable, Conflict, NotFound
from backgroundjob.names import is_dns_label
from backgroundjob.stored_settings import StoredSettings
from backgroundjob.why import Why

_PAGE_SIZE: Final = 500
_NAME_TRIES: Final = 8
_WRITE: Final = {"fieldManager": "bgjob", "fieldValidation": "Strict"}
"""Strict: an older CRD would drop a field that it does not know without a word."""


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
            return self._api.json("GET", _object_path(namespace, name))
        except ApiError as error:
            raise self._error(error, namespace, name) from error

    def list(self, namespace: str | None) -> Sequence[Document]:
        """All objects of the namespace, of every namespace for None; one that is nested too deep is cut."""
        return self._list(namespace)[0]

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

    def changes(
        self, namespace: str | None, name: str | None = None, *, timeout_seconds: float | None = None
    ) -> Generator[Change, None, None]:
        """Objects and their changes, by watches. Raises NotFound, AccessDenied."""
        if name is None:
            watch = Watch(self._api, _path(namespace), lambda: self._list(namespace), seconds=timeout_seconds)
            yield from watch.changes()
            return
        place = namespace or self.default_namespace
        watch = Watch(
            self._api,
            _path(place),
            lambda: _alone(self.get(place, name)),
            read_recent=lambda: self._recent(place, name),
            field_selector=f"metadata.name={name}",
            seconds=timeout_seconds,
        )
        for change in watch.changes():
            yield change
            if change.type == "DELETED":
                return

    def delete(self, namespace: str, name: str) -> None:
        """Remove the object; Kubernetes removes its Jobs and pods. Raises NotFound."""
        try:
            self._api.json("DELETE", _object_path(namespace, name), query={"propagationPolicy": "Background"})
        except ApiError as error:
            raise self._error(error, namespace, name) from error

    def patch_spec(
        self,
        namespace: str,
        name: str,
        patch: Mapping[str, Any],
        resource_version: str,
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> Document:
        """Merge-patch the spec of exactly this version. Raises NotFound, Conflict, SubmitError."""
        metadata = {"resourceVersion": resource_version} | (
            {"annotations": dict(annotations)} if annotations else {}
        )
        body = {"metadata": metadata, "spec": dict(patch)}
        try:
            return self._api.json("PATCH", _object_path(namespace, name), query=_WRITE, body=body)
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

    def checks(self, namespace: str) -> Iterator[Check]:
        """What `bgjob doctor` says to a user of the namespace."""
        from backgroundjob.backends.kube_checks import ClusterChecks  # noqa: PLC0415  imports every model

        return ClusterChecks(self._api, namespace, self.list).run()

    def _recent(self, namespace: str, name: str) -> tuple[Sequence[Document], str]:
        """The object and the version of the list: its own is forgotten when it has long not changed."""
        try:
            return self._list(namespace, fieldSelector=f"metadata.name={name}")
        except AccessDenied:  # who may get but not list
            return _alone(self.get(namespace, name))

    def _list(self, namespace: str | None, **selector: str) -> tuple[Sequence[Document], str]:
        items: list[Document] = []
        query: dict[str, Any] = {"limit": _PAGE_SIZE, **selector}
        while True:
            try:
                page = self._api.json("GET", _path(namespace), query=query)
            except ApiError as error:
                raise self._api.error(error) from error
            items += page.get("items") or []
            metadata = page.get("metadata") or {}
            query["continue"] = metadata.get("continue")
            if not query["continue"]:
                return items, str(metadata.get("resourceVersion") or "")

    def _submit_error(self, error: ApiError, manifest: Mapping[str, Any]) -> Exception:
        spec = manifest["spec"]
        target = f"{spec['class']}.{spec['method']}"
        return submit_error(error.http_status, error.status, target) or self._api.error(error)

    def _error(self, error: ApiError, namespace: str, name: str) -> Exception:
        if error.http_status == 404 and (error.status.get("details") or {}).get("name") == name:
            return NotFound(namespace, name)
        return self._api.error(error)


def _alone(document: Document) -> tuple[Sequence[Document], str]:
    return [document], str(document["metadata"]["resourceVersion"])


def _path(namespace: str | None) -> str:
    """Of the collection. What is no namespace is not there: it must not lead to another path."""
    if namespace is not None and not is_dns_label(namespace):
        raise NotFound("", namespace, "Namespace")
    place = "" if namespace is None else f"/namespaces/{namespace}"
    return f"/apis/{GROUP}/{VERSION}{place}/{PLURAL}"


def _object_path(namespace: str, name: str) -> str:
    """Of one object. An empty name, or a dot, would be the path of the collection: DELETE takes all of it."""
    if not is_dns_label(name):
        raise NotFound(namespace, name)
    return f"{_path(namespace)}/{name}"
