"""What a client reads beside the object itself: the operator's answer to `why`, its settings, Events.

Each of them may be forbidden or away; none of them may keep the user from what the object says.
"""

import os
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from backgroundjob.api.labels import (
    ALLOW_LIST_CONFIG_MAP,
    CONFIG_CONFIG_MAP,
    OPERATOR_NAME,
    SYSTEM_NAMESPACE,
)
from backgroundjob.backends import Document
from backgroundjob.backends.kube_api import ApiError, KubeApi
from backgroundjob.errors import BackendUnavailable
from backgroundjob.finish import is_finished
from backgroundjob.stored_settings import StoredSettings
from backgroundjob.why import Why

SYSTEM_NAMESPACE_VARIABLE: Final = "BACKGROUNDJOB_SYSTEM_NAMESPACE"
READER_ROLE: Final = "backgroundjob-allow-list-reader"
OPERATOR_PORT: Final = f"{OPERATOR_NAME}:http"
_WHY_SECONDS: Final = 10.0
"""The operator answers in milliseconds; who asks why waits no half minute for a pod that is gone."""


def system_namespace() -> str:
    """Where the operator lives."""
    return os.environ.get(SYSTEM_NAMESPACE_VARIABLE) or SYSTEM_NAMESPACE


def read_why(api: KubeApi, document: Document) -> Why:
    """The operator's answer about this object, through the API server's service proxy."""
    if is_finished(document):
        return Why.stored(document)
    metadata, place = document["metadata"], system_namespace()
    path = (
        f"/api/v1/namespaces/{quote(place, safe='')}/services/{OPERATOR_PORT}/proxy"
        f"/why/{metadata['namespace']}/{metadata['name']}"
    )
    try:
        # The uid is the key: only who may read the object knows it.
        answer = api.json("GET", path, query={"uid": metadata["uid"]}, read_timeout_seconds=_WHY_SECONDS)
        return Why.answered(metadata["namespace"], metadata["name"], answer)
    except ApiError as error:
        return Why.stored(document, _why_missing(error, place))
    except BackendUnavailable as error:
        return Why.stored(document, f"position and estimate come from the operator: {error.problem}")
    except (KeyError, TypeError, ValueError):
        return Why.stored(
            document, "position and estimate are unknown: the operator's answer is not understood"
        )


def _why_missing(error: ApiError, place: str) -> str:
    code, told = error.http_status, str(error.status.get("message") or "")
    if code in {401, 403}:
        return f"position and estimate need get on services/proxy {OPERATOR_PORT} in {place} ({code})"
    if code == 404 and error.status.get("kind") == "Status":
        elsewhere = f"there is no Service {OPERATOR_NAME} in {place}: set {SYSTEM_NAMESPACE_VARIABLE}"
        return f"position and estimate come from the operator, and {elsewhere}"
    if code == 404:
        return "position and estimate are unknown: the operator has not seen the job yet"
    return f"position and estimate are unknown: the operator does not answer now ({code}: {told})"


def read_settings(api: KubeApi) -> StoredSettings:
    """The data of both ConfigMaps, as far as they can be read."""
    allow_list, no_allow_list = _config_map(api, ALLOW_LIST_CONFIG_MAP)
    config, no_config = _config_map(api, CONFIG_CONFIG_MAP)
    return StoredSettings(
        allow_list=allow_list, config=config, missing=tuple(filter(None, (no_allow_list, no_config)))
    )


def _config_map(api: KubeApi, name: str) -> tuple[Mapping[str, str] | None, str]:
    place = system_namespace()
    try:
        found = api.json("GET", f"/api/v1/namespaces/{quote(place, safe='')}/configmaps/{name}")
    except ApiError as error:
        if error.http_status in {401, 403}:
            need = f"needs get on it ({error.http_status}): ask for the Role {READER_ROLE}"
            return None, f"ConfigMap {name} in {place} {need}"
        if error.http_status == 404:
            elsewhere = f"set {SYSTEM_NAMESPACE_VARIABLE} to the operator's namespace"
            return None, f"ConfigMap {name} is not in {place}: {elsewhere}"
        raise api.error(error) from error
    return found.get("data") or {}, ""


def read_events(api: KubeApi, document: Document) -> list[Document]:
    """Events about exactly this object, oldest first."""
    metadata = document["metadata"]
    query = {"fieldSelector": f"involvedObject.uid={metadata['uid']}", "limit": 500}
    try:
        found = api.json("GET", f"/api/v1/namespaces/{metadata['namespace']}/events", query=query)
    except ApiError as error:
        raise api.error(error) from error
    return sorted(found.get("items") or [], key=_event_time)


def _event_time(event: Mapping[str, Any]) -> str:
    created = event["metadata"].get("creationTimestamp")
    return str(event.get("eventTime") or event.get("firstTimestamp") or created or "")
