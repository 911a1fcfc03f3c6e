"""The allow-list and the configuration as the engine sees them: compiled, last good, never half."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backgroundjob.api.allow_list import AllowListEntry
from backgroundjob.api.config import OperatorConfig
from backgroundjob.api.limits import MESSAGE_LIMIT
from backgroundjob.api.reasons import Reason
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob.policy.effective import Effective, Refusal, resolve
from backgroundjob_operator.engine.validation import (
    ParamsSchema,
    bind_args,
    depth_problem,
    nearest,
    size_problem,
)


@dataclass(frozen=True, slots=True)
class CompiledEntry:
    """One allowed method, its params schema ready to check with."""

    key: str
    entry: AllowListEntry
    schema: ParamsSchema


@dataclass(frozen=True, slots=True)
class AllowList:
    """Everything that may run. `malformed` maps a key to the sentence that says what is wrong with it."""

    entries: Mapping[str, CompiledEntry] = field(default_factory=dict)
    malformed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that an administrator decides. `allow_list` is None until one could be read."""

    allow_list: AllowList | None
    config: OperatorConfig

    @property
    def is_configured(self) -> bool:
        """Whether a configuration was ever read: each has at least the profile `default`."""
        return bool(self.config.profiles)


@dataclass(frozen=True, slots=True)
class Admitted:
    """An object that may run: its effective values and the keyword arguments as they will be passed."""

    effective: Effective
    params: Mapping[str, Any]
    loggable: tuple[str, ...]
    secret_params: tuple[str, ...]
    method_limit: int | None = None
    """Attempts of the method that may run at once."""


def admit(spec: BackgroundJobSpec, namespace: str, settings: Settings) -> Admitted | Refusal:
    """Whether the object may run under these settings. Asked before every attempt, not only the first."""
    answer = _admit(spec, namespace, settings)
    if isinstance(answer, Refusal):
        # It becomes status.message, whose length the API server bounds; a schema's rules have no bound.
        return Refusal(answer.reason, answer.message[:MESSAGE_LIMIT])
    return answer


def _admit(spec: BackgroundJobSpec, namespace: str, settings: Settings) -> Admitted | Refusal:
    if settings.allow_list is None:
        return Refusal(
            Reason.ALLOW_LIST_UNAVAILABLE,
            "the allow-list ConfigMap is missing or unreadable; waiting for an administrator to restore it",
        )
    if not settings.is_configured:
        # Waits too: rejecting is final, and this is not the object's fault.
        return Refusal(
            Reason.ALLOW_LIST_UNAVAILABLE,
            "the configuration is missing or unreadable, and the allow-list needs its runner profiles; "
            "waiting for an administrator to restore it",
        )
    compiled = _lookup(f"{spec.class_}.{spec.method}", namespace, settings.allow_list)
    if isinstance(compiled, Refusal):
        return compiled
    params = _checked_params(spec, compiled)
    if isinstance(params, Refusal):
        return params
    effective = resolve(spec, compiled.entry, settings.config)
    if isinstance(effective, Refusal):
        return effective
    return Admitted(
        effective=effective,
        params=params,
        loggable=compiled.entry.loggable,
        secret_params=tuple(secret.name for secret in spec.params_from),
        method_limit=compiled.entry.limits.concurrency,
    )


def _lookup(key: str, namespace: str, allow_list: AllowList) -> CompiledEntry | Refusal:
    compiled = allow_list.entries.get(key)
    if compiled is None and key in allow_list.malformed:
        return Refusal(
            Reason.NOT_ALLOWED,
            f"the allow-list entry {key} is malformed: {allow_list.malformed[key]}; "
            "an administrator has to correct it",
        )
    if compiled is None:
        meant = nearest(key, allow_list.entries)
        hint = f"did you mean {meant}?" if meant else "an administrator can add it"
        return Refusal(Reason.NOT_ALLOWED, f"{key} is not in the allow-list; {hint}")
    if not compiled.entry.allows_namespace(namespace):
        allowed = ", ".join(compiled.entry.namespaces or ())
        return Refusal(
            Reason.NOT_ALLOWED, f"{key} is not allowed in namespace {namespace}; allowed in: {allowed}"
        )
    return compiled


def _checked_params(spec: BackgroundJobSpec, compiled: CompiledEntry) -> Mapping[str, Any] | Refusal:
    given, args = dict(spec.params), list(spec.args)
    too_large = size_problem(given, args)
    if too_large:
        return Refusal(Reason.PARAMS_TOO_LARGE, too_large)
    too_deep = depth_problem(given, args)
    if too_deep:
        return Refusal(Reason.INVALID_PARAMS, too_deep)
    params = bind_args(compiled.schema.names, args, given)
    if isinstance(params, str):
        return Refusal(Reason.INVALID_PARAMS, params)
    secrets = {secret.name for secret in spec.params_from}
    twice = sorted(secrets & params.keys())
    if twice:
        return Refusal(Reason.INVALID_PARAMS, f"params.{twice[0]} is in params and in paramsFrom")
    problems = compiled.schema.problems(params, assume_present=secrets)
    if problems:
        return Refusal(Reason.INVALID_PARAMS, "; ".join(str(problem) for problem in problems))
    return compiled.schema.coerced(params)
