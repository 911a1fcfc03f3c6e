"""The BackgroundJob that a call of `run_background_job` asks for. Pure: no clock, no network, no files."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from backgroundjob.names import generate_name, is_dns_label, unique_name
from backgroundjob.params import split_params

Params = Mapping[str, Any] | Sequence[Any] | None
"""Named parameters (a mapping) or positional ones (a list or tuple)."""

_CLASS = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PRIORITY_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """How to run a job. None leaves a field to the allow-list entry, then to the operator's configuration."""

    name: str | None = None
    namespace: str | None = None
    unique: str | None = None
    retries: int | None = None
    retry_delay: Duration | None = None
    backoff: Backoff | str | None = None
    delay: Duration | None = None
    run_at: datetime | None = None
    priority: int | str | None = None
    queue: str | None = None
    timeout: Duration | None = None

    def with_defaults_of(self, environment: Mapping[str, str]) -> "JobOptions":
        """Fill retries, delay and priority from the variables that local mode reads. Raises InvalidSpec."""
        retries = environment.get("DEFAULT_RETRY_ATTEMPTS") if self.retries is None else None
        delay = environment.get("DEFAULT_DELAY") if self.delay is None and self.run_at is None else None
        priority = environment.get("DEFAULT_PRIORITY") if self.priority is None else None
        if retries and not retries.isdigit():
            raise InvalidSpec("DEFAULT_RETRY_ATTEMPTS", f"is {retries!r}; give a whole number from 0")
        return replace(
            self,
            retries=int(retries) if retries else self.retries,
            delay=delay or self.delay,
            priority=parse_priority(priority) if priority else self.priority,
        )


def local_defaults() -> Mapping[str, str]:
    """The environment, read in local mode alone: a cluster has its configuration for all."""
    return os.environ


def parse_priority(text: str) -> int | str:
    """A priority written as text: a number where it is one, else a name."""
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else text


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
    spec |= _timing(asked) | _limits(asked)
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
