"""How to run a job, as values: what `run_background_job` and the CLI take."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Protocol, TypedDict

from backgroundjob.api.reasons import Backoff
from backgroundjob.durations import Duration
from backgroundjob.errors import InvalidSpec

if TYPE_CHECKING:
    from backgroundjob.backends import Backend

ExceptionKind = str | type[BaseException]
"""A class name, a qualified name, or the class itself."""


class HasName(Protocol):
    """A Handle, or anything else that names a job."""

    @property
    def name(self) -> str:
        """Of the object, in the namespace of the new one."""


Dependency = str | HasName
"""`"extract"`: it must succeed. `"extract:Finished"`: any end will do. A Handle is its name."""


class JobDefaults(TypedDict, total=False):
    """What `@job` may say."""

    unique: str | None
    retries: int | None
    retry_delay: Duration | None
    backoff: Backoff | str | None
    retry_on: Iterable[ExceptionKind] | None
    fail_on: Iterable[ExceptionKind] | None
    timeout: Duration | None
    deadline: Duration | None
    ttl: Duration | None
    priority: int | str | None
    queue: str | None
    concurrency_key: str | None
    loggable: Sequence[str]


class CallOptions(TypedDict, total=False):
    """What `run_background_job` and `JobMethod.using` take; the fields of JobOptions, and the backend."""

    name: str | None
    namespace: str | None
    unique: str | None
    retries: int | None
    retry_delay: Duration | None
    backoff: Backoff | str | None
    delay: Duration | None
    run_at: datetime | None
    priority: int | str | None
    queue: str | None
    timeout: Duration | None
    retry_on: Iterable[ExceptionKind] | None
    fail_on: Iterable[ExceptionKind] | None
    depends_on: Iterable[Dependency] | None
    concurrency_key: str | None
    deadline: Duration | None
    ttl: Duration | None
    params_from: Mapping[str, str] | None
    suspend: bool
    backend: "Backend | str | None"


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
    retry_on: Iterable[ExceptionKind] | None = None
    fail_on: Iterable[ExceptionKind] | None = None
    depends_on: Iterable[Dependency] | None = None
    concurrency_key: str | None = None
    deadline: Duration | None = None
    ttl: Duration | None = None
    params_from: Mapping[str, str] | None = None
    suspend: bool = False

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


_TEXTS: Final = ("name", "namespace", "unique", "queue", "concurrency_key")


def options_of(given: Mapping[str, Any]) -> "tuple[JobOptions, Backend | str | None]":
    """The options as values, and the backend. Raises InvalidSpec for one that does not exist."""
    known = [*(field.name for field in fields(JobOptions)), "backend"]
    for name in given:
        if name not in known:
            meant = get_close_matches(name, known, n=1)
            hint = f"did you mean {meant[0]}?" if meant else f"accepted are {', '.join(known)}"
            raise InvalidSpec(f"option {name}", f"does not exist; {hint}")
        if name in _TEXTS and not isinstance(given[name], str | None):
            raise InvalidSpec(name, f"is a {type(given[name]).__name__}; give a text")
    return JobOptions(**{name: given[name] for name in given if name != "backend"}), given.get("backend")


def local_defaults() -> Mapping[str, str]:
    """The environment, read in local mode alone: a cluster has its configuration for all."""
    return os.environ


def parse_priority(text: str) -> int | str:
    """A priority written as text: a number where it is one, else a name."""
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else text
