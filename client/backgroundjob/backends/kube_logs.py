"""Logs of a BackgroundJob on a cluster: its attempts' pods, found by label, read one after the other."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from backgroundjob.api.labels import ATTEMPT_LABEL, UID_LABEL
from backgroundjob.backends import Document
from backgroundjob.backends.error_lines import only_errors
from backgroundjob.backends.kube_api import READ_TIMEOUT_SECONDS, ApiError, KubeApi
from backgroundjob.errors import LogsUnavailable
from backgroundjob.finish import UNSEEN, is_finished

_PAUSE_SECONDS: Final = 1.0
_CONTAINER_NAME: Final = "runner"


def read_logs(
    api: KubeApi, get: Callable[[], Document], *, attempt: int | None, follow: bool, errors: bool
) -> Iterator[str]:
    """Lines of the newest attempt, or of `attempt`. With `follow` until the job has finished."""
    lines = _followed(api, get, attempt) if follow else _once(api, get(), attempt)
    return only_errors(lines) if errors else lines


def _once(api: KubeApi, document: Document, attempt: int | None) -> Iterator[str]:
    pods = _pods(api, document)
    number = attempt if attempt is not None else max(pods, default=None)
    if number is None or number not in pods:
        raise _unavailable(document, _why_no_pod(document, attempt, sorted(pods)))
    try:
        yield from _lines(api, pods[number], follow=False)
    except ApiError as error:
        raise _unavailable(document, f"attempt {number}: {error.status.get('message')}") from error


def _followed(api: KubeApi, get: Callable[[], Document], attempt: int | None) -> Iterator[str]:
    shown = 0
    while True:
        document = get()  # before the pods: a job seen finished gets no later attempt
        pods = _pods(api, document)
        streamed = False
        for number in _due(sorted(pods), attempt, shown):
            try:
                yield from _lines(api, pods[number], follow=True)
            except ApiError:
                break  # its container has not started yet
            shown, streamed = number, True
        if shown and attempt is not None:
            return
        if streamed:
            continue
        if is_finished(document):
            if not shown:
                raise _unavailable(document, _why_no_pod(document, attempt, sorted(pods)))
            return
        time.sleep(_PAUSE_SECONDS)


def _due(numbers: list[int], attempt: int | None, shown: int) -> list[int]:
    if attempt is not None:
        return [number for number in numbers if number == attempt]
    return [number for number in numbers if number > shown] if shown else numbers[-1:]


def _pods(api: KubeApi, document: Document) -> dict[int, dict[str, Any]]:
    """Pods by the number of their attempt."""
    metadata = document["metadata"]
    query = {"labelSelector": f"{UID_LABEL}={metadata['uid']}"}
    try:
        pods = (
            api.json("GET", f"/api/v1/namespaces/{metadata['namespace']}/pods", query=query).get("items")
            or []
        )
    except ApiError as error:
        raise api.error(error) from error
    return {
        int(number): pod
        for pod in pods
        if (number := pod["metadata"].get("labels", {}).get(ATTEMPT_LABEL, "")).isdigit()
    }


def _lines(api: KubeApi, pod: dict[str, Any], *, follow: bool) -> Iterator[str]:
    metadata = pod["metadata"]
    query = {"container": _container(pod)} | ({"follow": "true"} if follow else {})
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/log"
    for line in api.lines(path, query=query, read_timeout_seconds=None if follow else READ_TIMEOUT_SECONDS):
        yield line.decode("utf-8", "replace").rstrip("\r")


def _container(pod: dict[str, Any]) -> str:
    """Ours, though a mesh may have put its own container before it."""
    names = [str(container["name"]) for container in pod["spec"]["containers"]]
    return _CONTAINER_NAME if _CONTAINER_NAME in names else names[0]


def _why_no_pod(document: Document, attempt: int | None, numbers: list[int]) -> str:
    if numbers:
        return f"attempt {attempt} has no pod; attempts with one: {', '.join(map(str, numbers))}"
    status = document.get("status") or {}
    if is_finished(document):
        return (
            f"it is {status.get('state')} ({status.get('reason')}) and its pods are gone, or there were none"
        )
    reason = status.get("reason") or "no reason yet"
    return f"it is {status.get('state') or UNSEEN} ({reason}); no attempt has started"


def _unavailable(document: Document, problem: str) -> LogsUnavailable:
    metadata = document["metadata"]
    return LogsUnavailable(metadata["namespace"], metadata["name"], problem)
