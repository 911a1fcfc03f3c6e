"""One entry of the allow-list: a method that may run, with its parameters, defaults and limits.

The ConfigMap's key is `<class>.<method>`, its value a YAML document; `parse_entry` takes it decoded.
Whether `params` is a valid JSON Schema is checked by the operator, which has the validator.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError, model_validator

from backgroundjob.api import limits
from backgroundjob.api.config import Concurrency, Defaults
from backgroundjob.api.fields import (
    DOTTED_CLASS,
    PUBLIC_IDENTIFIER,
    AttemptLimit,
    AttemptSeconds,
    DocumentError,
    ObjectName,
    ParameterName,
    PriorityNumber,
    SettingsModel,
    describe_problems,
)
from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP

TARGET: Final = (
    r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z][A-Za-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*$"
)
NAMESPACE_PATTERN: Final = r"^[-a-z0-9*]+$"


class EntryLimits(SettingsModel):
    """The most that an object may ask for."""

    max_attempts: AttemptLimit | None = None
    timeout_seconds: AttemptSeconds | None = None
    priority: PriorityNumber | None = None
    concurrency: Concurrency | None = None
    """Attempts of this method that run at the same time in the cluster."""


class AllowListEntry(SettingsModel):
    """What may run under one key. All fields may be absent when the class is its import path."""

    target: Annotated[str, Field(max_length=512, pattern=TARGET)] | None = None
    """`module:Class.method` in the runner image; None: the key's class is the import path."""
    description: Annotated[str, Field(max_length=1024)] = ""
    params: dict[str, Any] = Field(default_factory=dict)
    """JSON Schema 2020-12 of the params object. Empty: no parameter."""
    namespaces: (
        Annotated[
            tuple[Annotated[str, Field(max_length=63, pattern=NAMESPACE_PATTERN)], ...], Field(min_length=1)
        ]
        | None
    ) = None
    """Names or patterns such as `team-*`; None: all."""
    profile: ObjectName = limits.DEFAULT_PROFILE
    defaults: Defaults = Defaults()
    loggable: tuple[ParameterName, ...] = ()
    """Parameters that may appear in log lines."""
    limits: EntryLimits = EntryLimits()

    @model_validator(mode="after")
    def _defaults_within_limits(self) -> Self:
        retry = self.defaults.retry
        pairs = (
            ("retry.maxAttempts", retry.max_attempts if retry else None, self.limits.max_attempts),
            ("timeoutSeconds", self.defaults.timeout_seconds, self.limits.timeout_seconds),
            ("priority", self.defaults.priority, self.limits.priority),
        )
        for name, default, most in pairs:
            if isinstance(default, int) and most is not None and default > most:
                raise ValueError(f"defaults.{name} is {default}, above its own limit of {most}")
        return self

    def target_of(self, key: str) -> str:
        """`module:Class.method` for the entry under this key."""
        if self.target is not None:
            return self.target
        path, _, method = key.rpartition(".")
        module, _, class_name = path.rpartition(".")
        return f"{module}:{class_name}.{method}"

    def allows_namespace(self, namespace: str) -> bool:
        """Whether objects of that namespace may run it."""
        return self.namespaces is None or any(fnmatchcase(namespace, glob) for glob in self.namespaces)


def parse_entry(key: str, document: object) -> AllowListEntry:
    """The entry from its decoded document; None is an empty one. Raises DocumentError."""
    found = tuple(_key_problems(key))
    if document is not None and not isinstance(document, Mapping):
        kind = type(document).__name__
        found = (*found, f"must be a YAML mapping with keys such as target and params, not a {kind}")
        raise DocumentError(_subject(key), found)
    try:
        entry = AllowListEntry.model_validate(document or {}, by_alias=True, by_name=False)
    except ValidationError as error:
        raise DocumentError(_subject(key), (*found, *describe_problems(error))) from error
    if entry.target is None and key.count(".") < 2:
        class_name, _, method = key.partition(".")
        found = (
            *found,
            f"target: missing; {class_name} has no module, give target: module:{class_name}.{method}",
        )
    if found:
        raise DocumentError(_subject(key), found)
    return entry


def _subject(key: str) -> str:
    return f"ConfigMap {ALLOW_LIST_CONFIG_MAP}, entry {key}"


def _key_problems(key: str) -> list[str]:
    class_name, _, method = key.rpartition(".")
    if not re.fullmatch(DOTTED_CLASS[1:-1], class_name) or len(class_name) > limits.CLASS_LIMIT:
        return [
            f"the key must be <class>.<method>, the class dotted identifiers of at most {limits.CLASS_LIMIT}"
        ]
    if not re.fullmatch(PUBLIC_IDENTIFIER[1:-1], method) or len(method) > limits.METHOD_LIMIT:
        return [f"the key must end in .<method>, a public identifier of at most {limits.METHOD_LIMIT}"]
    return []
