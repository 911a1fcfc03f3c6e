"""The operator's configuration: the ConfigMap backgroundjob-config, one YAML document per key.

`parse_config` takes the decoded documents; YAML itself is the caller's. A key that nobody knows is
refused with the nearest name, because a limit with a typo would be no limit.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, StrictBool, StrictInt, ValidationError, model_validator

from backgroundjob.api import limits
from backgroundjob.api.fields import (
    AttemptSeconds,
    DocumentError,
    ObjectName,
    PositiveSeconds,
    PriorityName,
    PriorityNumber,
    QueueName,
    Seconds,
    SettingsModel,
    SubdomainName,
    describe_problems,
    is_empty,
    nearest,
)
from backgroundjob.api.labels import CONFIG_CONFIG_MAP, GROUP
from backgroundjob.api.retry import RetrySpec
from backgroundjob.api.spec import Priority

DEFAULT_GLOBAL_CONCURRENCY = 50
_DAY_SECONDS = 86_400

Concurrency = Annotated[StrictInt, Field(ge=1, le=100_000)]
Mappings = tuple[dict[str, Any], ...]
ShortTime = Annotated[StrictInt, Field(ge=0, le=_DAY_SECONDS)]


class RetryDefaults(RetrySpec, SettingsModel):
    """`spec.retry` as an administrator writes it: the same fields, unknown ones refused."""


class Defaults(SettingsModel):
    """Values for jobs whose object does not say. An allow-list entry's go before the configuration's."""

    priority: Priority | None = None
    queue: QueueName | None = None
    timeout_seconds: AttemptSeconds | None = None
    deadline_seconds: PositiveSeconds | None = None
    ttl_seconds_after_finished: Seconds | None = None
    retry: RetryDefaults | None = None


class QueueConfig(SettingsModel):
    """One queue."""

    concurrency: Annotated[StrictInt, Field(ge=0, le=100_000)] | None = None
    """Attempts that run at the same time; None is no limit of its own, 0 lets nothing start."""
    paused: StrictBool = False
    """Nothing new starts; what runs goes on."""


class LimitsConfig(SettingsModel):
    """Limits over all queues."""

    concurrency: Concurrency = DEFAULT_GLOBAL_CONCURRENCY
    """Attempts that run at the same time in the cluster."""
    namespace_concurrency: Concurrency | None = None
    """The same in any one namespace; None is no limit."""


class Times(SettingsModel):
    """How long the operator waits for things, in seconds."""

    start_deadline_seconds: Annotated[StrictInt, Field(ge=1, le=_DAY_SECONDS)] = 300
    """An attempt whose code has not started by then is StartFailed."""
    node_lost_grace_seconds: Annotated[StrictInt, Field(ge=5, le=_DAY_SECONDS)] = 300
    """How long the next attempt waits for a silent node to come back. Below 5 s a late watch could look
    like a lost node."""
    ageing_seconds: ShortTime = 60
    """Waiting time that raises the rank by one priority; 0 turns ageing off."""
    keep_succeeded_jobs_seconds: Seconds = 3600
    """How long the Job, pod and log of a successful attempt stay."""
    keep_failed_jobs_seconds: Seconds = _DAY_SECONDS
    """The same for any other attempt."""


class ImagePullPolicy(StrEnum):
    """When the kubelet pulls."""

    ALWAYS = "Always"
    IF_NOT_PRESENT = "IfNotPresent"
    NEVER = "Never"


class ImagePullSecret(SettingsModel):
    """A Secret of type kubernetes.io/dockerconfigjson in the namespace of the job."""

    name: SubdomainName


class Profile(SettingsModel):
    """What the pod of an attempt is made of. Fields with pod syntax are checked by the API server."""

    image: str | None = None
    image_pull_policy: ImagePullPolicy | None = None
    image_pull_secrets: tuple[ImagePullSecret, ...] = Field(default=(), exclude_if=is_empty)
    service_account_name: SubdomainName | None = None
    automount_service_account_token: StrictBool | None = None
    """Whether the code gets that account's token; None is no."""
    resources: dict[str, Any] = Field(default_factory=dict, exclude_if=is_empty)
    env: Mappings = Field(default=(), exclude_if=is_empty)
    env_from: Mappings = Field(default=(), exclude_if=is_empty)
    node_selector: dict[str, str] = Field(default_factory=dict, exclude_if=is_empty)
    tolerations: Mappings = Field(default=(), exclude_if=is_empty)
    affinity: dict[str, Any] = Field(default_factory=dict, exclude_if=is_empty)
    priority_class_name: SubdomainName | None = None
    pod_security_context: dict[str, Any] = Field(default_factory=dict, exclude_if=is_empty)
    security_context: dict[str, Any] = Field(default_factory=dict, exclude_if=is_empty)
    volumes: Mappings = Field(default=(), exclude_if=is_empty)
    volume_mounts: Mappings = Field(default=(), exclude_if=is_empty)
    labels: dict[str, str] = Field(default_factory=dict, exclude_if=is_empty)
    annotations: dict[str, str] = Field(default_factory=dict, exclude_if=is_empty)
    termination_grace_period_seconds: Annotated[StrictInt, Field(ge=0, le=3600)] | None = None

    @model_validator(mode="after")
    def _no_reserved_keys(self) -> Self:
        for field, keys in (("labels", self.labels), ("annotations", self.annotations)):
            reserved = [key for key in keys if key.startswith(f"{GROUP}/")]
            if reserved:
                raise ValueError(f"{field} may not set {reserved[0]}: {GROUP}/ is the operator's own prefix")
        return self


class OperatorConfig(SettingsModel):
    """All that an administrator configures besides the allow-list."""

    defaults: Defaults = Defaults()
    priorities: dict[PriorityName, PriorityNumber] = Field(default_factory=limits.DEFAULT_PRIORITIES.copy)
    queues: dict[QueueName, QueueConfig] = Field(default_factory=dict)
    limits: LimitsConfig = LimitsConfig()
    profiles: dict[ObjectName, Profile] = Field(default_factory=dict)
    times: Times = Times()

    @model_validator(mode="after")
    def _default_priority_exists(self) -> Self:
        known = limits.DEFAULT_PRIORITIES | self.priorities
        name = self.defaults.priority
        if isinstance(name, str) and name not in known:
            raise ValueError(f"defaults.priority is the unknown name {name}{nearest(name, known)}")
        return self

    def profile(self, name: str) -> Mapping[str, Any]:
        """The profile under the API's names. What it does not set comes from the profile `default`."""
        default = self.profiles.get(limits.DEFAULT_PROFILE, Profile())
        return default.to_document() | self.profiles[name].to_document()


def parse_config(topics: Mapping[str, object]) -> OperatorConfig:
    """The configuration from its decoded documents, by ConfigMap key. Raises DocumentError.

    An empty document (None) is one that says nothing. The profile `default` must name an image.
    """
    given = {topic: document for topic, document in topics.items() if document is not None}
    try:
        config = OperatorConfig.model_validate(given, by_alias=True, by_name=False)
    except ValidationError as error:
        raise DocumentError(f"ConfigMap {CONFIG_CONFIG_MAP}", describe_problems(error)) from error
    default = config.profiles.get(limits.DEFAULT_PROFILE)
    if default is None or not default.image:
        problem = "profiles.default.image: missing; name the image that holds the runner and your classes"
        raise DocumentError(f"ConfigMap {CONFIG_CONFIG_MAP}", (problem,))
    return config
