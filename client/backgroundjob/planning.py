"""A job's plan: its attempts with their times, and where each effective value comes from. Pure.

What the operator will do follows from the object, its allow-list entry and the configuration. Where
the last two cannot be read, the contract's defaults stand in, and the plan says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml
from pydantic import ValidationError

from backgroundjob.api import limits
from backgroundjob.api.allow_list import AllowListEntry, parse_entry
from backgroundjob.api.config import OperatorConfig, Profile, parse_config
from backgroundjob.api.explain import UNREADABLE, explain
from backgroundjob.api.fields import describe_problems, nearest
from backgroundjob.api.reasons import Reason
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob.errors import InvalidSpec, NotAllowed
from backgroundjob.policy.effective import Effective, Refusal, resolve
from backgroundjob.policy.origins import Origin, origins
from backgroundjob.policy.plan import PlannedAttempt, retry_plan
from backgroundjob.stored_settings import StoredSettings

_ANY_IMAGE: Final = Profile(image="unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will happen to one job, as far as it can be known before."""

    target: str
    """`Class.method`."""
    uid: str | None
    """Of the object; None before there is one, and then the jitter is unknown."""
    spec: BackgroundJobSpec
    effective: Effective
    origins: Mapping[str, Origin]
    attempts: tuple[PlannedAttempt, ...]
    missing: tuple[str, ...]
    """What could not be read, so that defaults stand in."""


def plan_of(document: Mapping[str, Any], namespace: str, stored: StoredSettings) -> Plan:
    """The plan of an object or a manifest. Raises NotAllowed and InvalidSpec."""
    try:
        spec = BackgroundJobSpec.model_validate(document["spec"], by_alias=True, by_name=False)
    except ValidationError as error:
        raise InvalidSpec("spec", "; ".join(describe_problems(error))) from error
    entry = _entry(spec.key, namespace, stored.allow_list)
    config = _config(stored.config, spec, entry)
    effective = resolve(spec, entry, config)
    if isinstance(effective, Refusal):
        if effective.reason is Reason.NOT_ALLOWED:
            raise NotAllowed(spec.key, effective.message)
        raise InvalidSpec("", effective.message)
    uid = document["metadata"].get("uid")
    return Plan(
        target=spec.key,
        uid=uid,
        spec=spec,
        effective=effective,
        origins=origins(spec, entry, config, effective),
        attempts=retry_plan(effective.retry, uid),
        missing=stored.missing,
    )


def _entry(key: str, namespace: str, texts: Mapping[str, str] | None) -> AllowListEntry:
    if texts is None:
        return AllowListEntry()
    if key not in texts:
        raise NotAllowed(key, f"{key} is not in the allow-list{nearest(key, texts)}")
    try:
        entry = parse_entry(key, yaml.safe_load(texts[key]))
    except UNREADABLE as error:
        raise NotAllowed(key, f"its allow-list entry is malformed: {explain(error)}") from error
    if not entry.allows_namespace(namespace):
        raise NotAllowed(key, f"{key} is not allowed in namespace {namespace}")
    return entry


def _config(
    texts: Mapping[str, str] | None, spec: BackgroundJobSpec, entry: AllowListEntry
) -> OperatorConfig:
    if texts is not None:
        try:
            return parse_config({topic: yaml.safe_load(text) for topic, text in texts.items()})
        except UNREADABLE as error:
            raise InvalidSpec("", f"the configuration cannot be used: {explain(error)}") from error
    # Its profiles and its names for priorities are unknown, so what is named is taken to exist.
    named = (spec.priority, entry.defaults.priority)
    unknown = {name: 0 for name in named if isinstance(name, str) and name not in limits.DEFAULT_PRIORITIES}
    return OperatorConfig(
        profiles={entry.profile: _ANY_IMAGE}, priorities={**limits.DEFAULT_PRIORITIES, **unknown}
    )
