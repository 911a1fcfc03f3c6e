"""Logs of a BackgroundJob on a cluster: its attempts' pods, found by label, read one after the other."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from backgroundjob.api.labels import ATTEMPT_LABEL, NAME_LABEL, UID_LABEL
from backgroundjob.backends import Document
from backgroundjob.backends.error_lines import only_errors
from backgroundjob.backends.kube_api import READ_TIMEOUT_SECONDS, ApiError, KubeApi
from backgroundjob.backends.kube_system import read_settings
from backgroundjob.durations import human
from backgroundjob.errors import BackgroundJobError, LogsUnavailable
from backgroundjob.finish import UNSEEN, is_finished
from backgroundjob.stored_settings import StoredSettings

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
        raise _no_pod(api, document, attempt, sorted(pods))
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
                raise _no_pod(api, document, attempt, sorted(pods))
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


def _no_pod(api: KubeApi, document: Document, attempt: int | None, numbers: list[int]) -> LogsUnavailable:
    status = document.get("status") or {}
    if numbers:
        told = ", ".join(map(str, numbers))
        problem = f"attempt {attempt} has no pod (any more); attempts with one: {told}"
        return _unavailable(document, problem, _log_store(document))
    if not is_finished(document):
        reason = status.get("reason") or "no reason yet"
        return _unavailable(
            document, f"it is {status.get('state') or UNSEEN} ({reason}); no attempt has started"
        )
    stands = f"it is {status.get('state')} ({status.get('reason')})"
    if not status.get("attempts"):
        return _unavailable(document, f"{stands} and no attempt was made")
    return _unavailable(document, f"{stands} and its pods are gone: {_kept(api)}", _log_store(document))


def _kept(api: KubeApi) -> str:
    """How long pods stay: the configured times, or the contract's where they cannot be read."""
    from backgroundjob.retention import kept_seconds  # noqa: PLC0415  parses YAML and validates models

    try:
        settings = read_settings(api)
    except BackgroundJobError:
        settings = StoredSettings()
    succeeded, failed = map(human, kept_seconds(settings))
    return (
        f"they stay {succeeded} after a success (keepSucceededJobsSeconds), {failed} after any other end "
        "(keepFailedJobsSeconds), and never longer than the job itself (ttlSecondsAfterFinished)"
    )


def _log_store(document: Document) -> str:
    metadata = document["metadata"]
    label = f"{NAME_LABEL}={metadata['name']}"
    return f"ask your cluster's log store for the label {label} in the namespace {metadata['namespace']}"


def _unavailable(document: Document, problem: str, advice: str = "") -> LogsUnavailable:
    metadata = document["metadata"]
    return LogsUnavailable(metadata["namespace"], metadata["name"], problem, advice)
