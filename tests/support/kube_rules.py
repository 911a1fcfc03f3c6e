"""What paths, selectors and patches mean to an API server, and how it describes itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path points: a collection, a namespace (None: all), a name, a subresource."""

    collection: str
    namespace: str | None
    name: str | None
    subresource: str | None


def now_text() -> str:
    """The time as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def place_of(path: str) -> Place:
    """The parts of `/apis/group/version/[namespaces/x/]plural[/name[/subresource]]`."""
    parts = path.strip("/").split("/")
    root, rest = (parts[:2], parts[2:]) if parts[0] == "api" else (parts[:3], parts[3:])
    namespace = None
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, None, None, None)[:3]
    return Place("/".join([*root, str(plural)]), namespace, name, subresource)


def is_selected(document: Document, place: Place, query: Mapping[str, str]) -> bool:
    """Whether a list or watch of that place brings the object."""
    metadata = document["metadata"]
    name = query.get("fieldSelector", "").removeprefix("metadata.name=")
    label = query.get("labelSelector", "")
    return (
        place.namespace in (None, metadata["namespace"])
        and name in ("", metadata["name"])
        and (not label or label in metadata.get("labels", {}))
    )


def merge(old: Any, patch: Any) -> Any:
    """The value after a JSON merge patch."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def discovery(path: str) -> Document:
    """What the server says of its groups, versions and kinds."""
    group: Document = {"name": "backgroundjob.dev", "versions": [{"version": "v1alpha1"}]}
    group["preferredVersion"] = {"version": "v1alpha1"}
    job = {
        "name": "backgroundjobs",
        "kind": "BackgroundJob",
        "singularName": "backgroundjob",
        "namespaced": True,
        "verbs": ["get", "list", "watch", "patch"],
        "shortNames": ["bgjob"],
        "categories": [],
    }
    namespace = {"name": "namespaces", "kind": "Namespace", "singularName": "namespace", "namespaced": False}
    documents: dict[str, Document] = {
        # kopf waits until it knows what a namespace is.
        "/api/v1": {"kind": "APIResourceList", "resources": [{**namespace, "verbs": ["list", "watch"]}]},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "groups": [group]},
        "/apis/backgroundjob.dev/v1alpha1": {
            "kind": "APIResourceList",
            "groupVersion": "backgroundjob.dev/v1alpha1",
            "resources": [job, {**job, "name": "backgroundjobs/status"}],
        },
    }
    return documents.get(path.rstrip("/"), {"kind": "APIResourceList", "resources": []})
