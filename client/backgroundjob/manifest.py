"""The BackgroundJob that a call of `run_background_job` asks for. Pure: no clock, no network, no files."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from backgroundjob.api.labels import API_VERSION, KIND
from backgroundjob.api.limits import (
    CLASS_LIMIT,
    MAX_ATTEMPTS_LIMIT,
    METHOD_LIMIT,
    PRIORITY_LIMIT,
    WEEK_SECONDS,
    YEAR_SECONDS,
)
from backgroundjob.api.reasons import Backoff
from backgroundjob.durations import Duration, whole_seconds
from backgroundjob.errors import InvalidSpec
from backgroundjob.job_options import JobOptions
from backgroundjob.manifest_links import dependencies, exception_names, secret_params
from backgroundjob.names import generate_name, is_dns_label, unique_name
from backgroundjob.params import split_params

Params = Mapping[str, Any] | Sequence[Any] | None
"""Named parameters (a mapping) or positional ones (a list or tuple)."""


_CLASS = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CONCURRENCY_KEY = re.compile(r"[!-~]{1,128}")
_PRIORITY_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


def backgroundjob_manifest(
    class_: str, method: str, params: Params = None, options: JobOptions | None = None
) -> dict[str, Any]:
    """The object to submit. Raises InvalidSpec and InvalidParams.

    Without `name` and `unique` it carries `metadata.generateName`: the backend completes it, and
    such a submission never returns an existing job.
    """
    asked = options or JobOptions()
    _check_target(class_, method)
    named, positional = split_params(params)
    spec: dict[str, Any] = {"class": class_, "method": method}
    if named:
        spec["params"] = named
    if positional:
        spec["args"] = positional
    if asked.params_from:
        spec["paramsFrom"] = secret_params(asked.params_from, named)
    spec |= _timing(asked) | _limits(asked) | _company(asked)
    metadata = _metadata(class_, method, asked, named, positional)
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}


def _check_target(class_: str, method: str) -> None:
    if not isinstance(class_, str) or len(class_) > CLASS_LIMIT or not _CLASS.fullmatch(class_):
        raise InvalidSpec(
            "class", f"is {class_!r:.80}; give the name of a class in the allow-list, such as 'EmailJob'"
        )
    if not isinstance(method, str) or len(method) > METHOD_LIMIT or not _METHOD.fullmatch(method):
        raise InvalidSpec("method", f"is {method!r:.80}; give the name of a public method, such as 'send'")


def _metadata(
    class_: str, method: str, asked: JobOptions, named: dict[str, Any], positional: list[Any]
) -> dict[str, str]:
    metadata: dict[str, str] = {}
    if asked.name is not None and asked.unique is not None:
        raise InvalidSpec("name and unique", "exclude each other: both give the object its name")
    if asked.unique is not None:
        metadata["name"] = unique_name(asked.unique, named, positional)
    elif asked.name is not None:
        if not is_dns_label(asked.name):
            raise InvalidSpec(
                "name", f"is {asked.name!r:.80}; give at most 63 lower-case letters, digits and inner hyphens"
            )
        metadata["name"] = asked.name
    else:
        metadata["generateName"] = generate_name(class_, method)
    if asked.namespace is not None:
        metadata["namespace"] = asked.namespace
    return metadata


def _timing(asked: JobOptions) -> dict[str, Any]:
    spec: dict[str, Any] = _start(asked)
    if asked.deadline is not None:
        spec["deadlineSeconds"] = _seconds("deadline", asked.deadline, 1, YEAR_SECONDS)
        if spec.get("delaySeconds", 0) >= spec["deadlineSeconds"]:
            raise InvalidSpec("deadline", "counts from now and must be longer than delay")
    if asked.ttl is not None:
        spec["ttlSecondsAfterFinished"] = _seconds("ttl", asked.ttl, 0, YEAR_SECONDS)
    if asked.suspend:
        spec["suspend"] = True
    return spec


def _start(asked: JobOptions) -> dict[str, Any]:
    if asked.delay is not None and asked.run_at is not None:
        raise InvalidSpec("delay and run_at", "exclude each other: both say when to start")
    if asked.delay is not None:
        return {"delaySeconds": _seconds("delay", asked.delay, 0, YEAR_SECONDS)}
    if asked.run_at is None:
        return {}
    if not isinstance(asked.run_at, datetime) or asked.run_at.tzinfo is None:
        raise InvalidSpec("run_at", "needs a datetime with a time zone, such as datetime.now(UTC)")
    return {"runAt": asked.run_at.astimezone(UTC).isoformat().replace("+00:00", "Z")}


def _limits(asked: JobOptions) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    if asked.priority is not None:
        spec["priority"] = _priority(asked.priority)
    if asked.queue is not None:
        if not is_dns_label(asked.queue):
            raise InvalidSpec("queue", f"is {asked.queue!r:.80}; give a DNS label such as 'mail'")
        spec["queue"] = asked.queue
    if asked.timeout is not None:
        spec["timeoutSeconds"] = _seconds("timeout", asked.timeout, 1, WEEK_SECONDS)
    retry = _retry(asked)
    return spec | ({"retry": retry} if retry else {})


def _company(asked: JobOptions) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    if asked.concurrency_key is not None:
        problem = f"is {asked.concurrency_key!r:.80}"
        spec["concurrencyKey"] = checked_concurrency_key(asked.concurrency_key, problem)
    if asked.depends_on is not None and (found := dependencies(asked.depends_on)):
        spec["dependsOn"] = found
    return spec


def checked_concurrency_key(key: str, found: str) -> str:
    """The key. Raises InvalidSpec, which says `found`: a key made of parameters must not be shown."""
    if not _CONCURRENCY_KEY.fullmatch(key):
        accepted = "give 1 to 128 printable ASCII characters without spaces, such as 'customer-42'"
        raise InvalidSpec("concurrency_key", f"{found}; {accepted}")
    return key


_RETRIES_LIMIT: Final = MAX_ATTEMPTS_LIMIT - 1


def _retry(asked: JobOptions) -> dict[str, Any]:
    retry: dict[str, Any] = {}
    if asked.retries is not None:
        if isinstance(asked.retries, bool) or asked.retries not in range(_RETRIES_LIMIT + 1):
            raise InvalidSpec(
                "retries", f"is {asked.retries!r:.80}; give a whole number from 0 to {_RETRIES_LIMIT}"
            )
        retry["maxAttempts"] = asked.retries + 1
    if asked.backoff is not None:
        if asked.backoff not in tuple(Backoff):
            raise InvalidSpec("backoff", f"is {asked.backoff!r:.80}; give one of {', '.join(Backoff)}")
        retry["backoff"] = str(asked.backoff)
    if asked.retry_delay is not None:
        retry["delaySeconds"] = _seconds("retry_delay", asked.retry_delay, 0, WEEK_SECONDS)
    if asked.retry_on is not None:
        retry["retryOn"] = exception_names("retry_on", asked.retry_on)
    if asked.fail_on is not None:
        retry["failOn"] = exception_names("fail_on", asked.fail_on)
    return retry


def _priority(priority: int | str) -> int | str:
    if isinstance(priority, str):
        if _PRIORITY_NAME.fullmatch(priority) and is_dns_label(priority):
            return priority
    elif not isinstance(priority, bool) and priority in range(-PRIORITY_LIMIT, PRIORITY_LIMIT + 1):
        return int(priority)
    accepted = f"a number from -{PRIORITY_LIMIT} to {PRIORITY_LIMIT}, or a name such as 'high'"
    raise InvalidSpec("priority", f"is {priority!r:.80}; give {accepted}")


def _seconds(option: str, duration: Duration, least: int, most: int) -> int:
    try:
        seconds = whole_seconds(duration)
    except ValueError as error:
        raise InvalidSpec(option, str(error)) from error
    if not least <= seconds <= most:
        raise InvalidSpec(option, f"is {seconds} s; give {least} to {most} s")
    return seconds
