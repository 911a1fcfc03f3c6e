"""`spec`: what a user asks for. It can name no image, service account, environment or pod field.

The descriptions are what `kubectl explain` prints. Only suspend, cancel, restarts and a dependency's
condition have a default in the CRD: a stored default could not be told from the user's choice, and
the allow-list entry's own default would never apply. Effective values are in the status.
"""

import re
from datetime import UTC
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    WithJsonSchema,
    model_validator,
)

from backgroundjob.api import limits
from backgroundjob.api.fields import (
    ATOMIC_LIST,
    ATOMIC_OBJECT,
    BY_NAME,
    OVERRIDE,
    PRIORITY_NAME,
    RUN_AT,
    STORED_DEFAULT,
    AnyJson,
    ApiModel,
    AttemptSeconds,
    ClassName,
    MethodName,
    PositiveSeconds,
    QueueName,
    Restarts,
    Seconds,
    is_empty,
    rfc3339,
    text_or_time,
)
from backgroundjob.api.references import Dependency, ParamFromSecret
from backgroundjob.api.retry import RetrySpec
from backgroundjob.api.rules import PRIORITY_RULES, SPEC_RULES, validations


def checked_priority(value: object) -> object:
    """The value, if it is a priority: an integer in range, or a name. Raises ValueError."""
    limit = limits.PRIORITY_LIMIT
    if isinstance(value, int) and not isinstance(value, bool) and -limit <= value <= limit:
        return value
    if isinstance(value, str) and len(value) <= 63 and re.fullmatch(PRIORITY_NAME[1:-1], value):
        return value
    raise ValueError(
        f"must be an integer from -{limit} to {limit}, or a lower-case name such as high; "
        "write numbers without quotes"
    )


def _checked_run_at(value: object) -> object:
    text_or_time(value)
    if isinstance(value, str) and not re.fullmatch(RUN_AT[1:-1], value):
        raise ValueError(
            "must be a time in RFC 3339 from the years 2020 to 2099, such as 2030-01-31T08:00:00Z"
        )
    return value


Priority = Annotated[
    int | str,
    BeforeValidator(checked_priority),
    WithJsonSchema({"x-kubernetes-int-or-string": True, **validations(*PRIORITY_RULES)}),
]
RunAt = Annotated[
    AwareDatetime,
    BeforeValidator(_checked_run_at),
    AfterValidator(lambda value: value.astimezone(UTC)),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 32, "pattern": RUN_AT}),
]


class BackgroundJobSpec(ApiModel):
    """What to run, when, and how often to try."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra=validations(*SPEC_RULES))

    class_: ClassName = Field(
        alias="class",
        description="Name of the class, dotted if it is its import path: EmailJob or jobs.email.EmailJob. "
        "With the method it is the key <class>.<method> in the administrator's allow-list. Immutable.",
    )
    method: MethodName = Field(
        description="Name of a public method of the class. Immutable.",
    )
    params: Annotated[dict[str, Any], Field(max_length=limits.PARAMS_LIMIT_KEYS)] = Field(
        default_factory=dict,
        exclude_if=is_empty,
        description="Keyword arguments of the method as a JSON object, checked against the schema in the "
        f"allow-list. At most {limits.PARAMS_LIMIT_KEYS} identifiers as keys, 64 KiB serialised, "
        f"{limits.PARAMS_LIMIT_DEPTH} levels deep. Anybody who may read the object reads them: use "
        "paramsFrom for secrets. Numbers are JSON numbers: 1.0 arrives as 1. Immutable.",
        json_schema_extra={
            "additionalProperties": None,
            "x-kubernetes-preserve-unknown-fields": True,
            **ATOMIC_OBJECT,
        },
    )
    args: Annotated[tuple[AnyJson, ...], Field(max_length=32)] = Field(
        default=(),
        exclude_if=is_empty,
        description="Positional arguments as JSON values, bound to names by the order of the parameters in "
        "the allow-list entry, then checked like params. Immutable.",
        json_schema_extra=ATOMIC_LIST,
    )
    params_from: Annotated[tuple[ParamFromSecret, ...], Field(max_length=16)] = Field(
        default=(),
        exclude_if=is_empty,
        description="Parameters whose values come from Secrets of the same namespace. The kubelet mounts "
        "them as files into the pod; the operator never reads them. A Secret that does not exist keeps the "
        "attempt from starting. Immutable.",
        json_schema_extra=BY_NAME,
    )
    priority: Priority | None = Field(
        default=None,
        description=f"Higher starts first. A number from -{limits.PRIORITY_LIMIT} to "
        f"{limits.PRIORITY_LIMIT}, or a name from the configuration (high = 100, medium = 0, low = -100). "
        "Waiting raises the rank slowly, so that nothing starves; at equal rank namespaces take turns. It "
        "interrupts nothing that runs. Cannot change after the first attempt has started. Default: "
        f"{limits.DEFAULT_PRIORITY}, {OVERRIDE}.",
    )
    queue: QueueName | None = Field(
        default=None,
        description="Queue whose concurrency limit applies and with which the job is paused. A queue need "
        f"not be declared; it then has no limit of its own. Immutable. Default: {limits.DEFAULT_QUEUE}, "
        f"{OVERRIDE}.",
    )
    concurrency_key: Annotated[str, Field(min_length=1, max_length=128, pattern="^[!-~]+$")] | None = Field(
        default=None,
        description="Of all BackgroundJobs of the namespace with the same key, at most one runs at a time, "
        "such as customer-42. Printable ASCII without spaces. Immutable.",
    )
    delay_seconds: Seconds | None = Field(
        default=None,
        description="Seconds after creation before which nothing starts. Not together with runAt. Does not "
        "apply to restarts. Cannot change after the first attempt has started. Default: 0.",
    )
    run_at: RunAt | None = Field(
        default=None,
        description="Time before which nothing starts, in RFC 3339 with Z or an offset and at most "
        "microseconds (2030-01-31T08:00:00+01:00), at most 365 days ahead. A time in the past means now. "
        "Not together with delaySeconds. Does not apply to restarts. Cannot change after the first attempt "
        "has started.",
    )
    depends_on: Annotated[tuple[Dependency, ...], Field(max_length=16)] = Field(
        default=(),
        exclude_if=is_empty,
        description="BackgroundJobs of the same namespace that must end first. A cycle, or a dependency "
        "that can no longer hold, fails this object with its own reason. Immutable.",
        json_schema_extra=BY_NAME,
    )
    retry: RetrySpec | None = Field(
        default=None,
        description="How often and when to try again. Two budgets: maxAttempts for ends that are the job's "
        "own doing, maxDisruptions for ends that are not. Without this field a failed job is tried "
        f"{limits.DEFAULT_MAX_ATTEMPTS} times in all, about {limits.DEFAULT_RETRY_DELAY_SECONDS} and "
        f"{2 * limits.DEFAULT_RETRY_DELAY_SECONDS} seconds apart. Each default below holds {OVERRIDE}. "
        "The next time is in status.nextRetryTime. Immutable.",
    )
    timeout_seconds: AttemptSeconds | None = Field(
        default=None,
        description="Seconds that one attempt may run. Then the code gets SIGTERM, after the grace period "
        "SIGKILL, and the attempt is charged with cause Timeout. Default: "
        f"{limits.DEFAULT_TIMEOUT_SECONDS}, {OVERRIDE}.",
    )
    deadline_seconds: PositiveSeconds | None = Field(
        default=None,
        description="Seconds from creation, or from the latest restart, to the end of everything: waiting, "
        "attempts and the delays between them. Then the job fails with DeadlineExceeded. Default: no "
        "deadline.",
    )
    suspend: StrictBool = Field(
        default=False,
        exclude_if=is_empty,
        description="While true nothing new starts; an attempt that runs goes on. Default: false.",
        json_schema_extra=STORED_DEFAULT,
    )
    cancel: StrictBool = Field(
        default=False,
        exclude_if=is_empty,
        description="True ends the job now: the code gets SIGTERM, after the grace period "
        "SIGKILL. It can be set back only in the update that raises restarts. Default: false.",
        json_schema_extra=STORED_DEFAULT,
    )
    restarts: Restarts = Field(
        default=0,
        exclude_if=is_empty,
        description="Raise it by one after the job has ended to run it again, with fresh budgets for "
        "attempts and disruptions; the history stays. Checked like a creation. It can only grow. Default: "
        "0.",
        json_schema_extra=STORED_DEFAULT,
    )
    ttl_seconds_after_finished: Seconds | None = Field(
        default=None,
        description="Seconds after the end until the object is deleted, with its Jobs, pods and logs. 0 "
        f"deletes it at once, its result too. Default: {limits.DEFAULT_TTL_SECONDS} (7 days), {OVERRIDE}.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.delay_seconds is not None and self.run_at is not None:
            raise ValueError("set delaySeconds or runAt, not both")
        if (
            self.delay_seconds is not None
            and self.deadline_seconds is not None
            and self.delay_seconds >= self.deadline_seconds
        ):
            raise ValueError("deadlineSeconds counts from creation and must be larger than delaySeconds")
        return self

    @property
    def key(self) -> str:
        """The key in the allow-list."""
        return f"{self.class_}.{self.method}"
