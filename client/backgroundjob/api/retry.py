"""`spec.retry`: how often and when to try again."""

from typing import Annotated, ClassVar, Self

from pydantic import ConfigDict, Field, model_validator

from backgroundjob.api import limits
from backgroundjob.api.fields import (
    ATOMIC_LIST,
    SET,
    ApiModel,
    AttemptLimit,
    DisruptionLimit,
    ExceptionName,
    Percent,
    RetryDelay,
)
from backgroundjob.api.reasons import Backoff
from backgroundjob.api.rules import RETRY_RULES, validations


class RetrySpec(ApiModel):
    """How often and when to try again."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra=validations(*RETRY_RULES))

    max_attempts: AttemptLimit | None = Field(
        default=None,
        description="How many attempts may be charged to the job, the first included: 1 means no retry. An "
        "attempt is charged when it ends through its own doing (exception, timeout, crash, out of memory). "
        f"After the last one the job fails with RetriesExhausted. Default: {limits.DEFAULT_MAX_ATTEMPTS}.",
    )
    backoff: Backoff | None = Field(
        default=None,
        description="How the delay grows from delaySeconds with each charged attempt. Fixed: d, d, d. "
        "Linear: d, 2d, 3d. Exponential: d, 2d, 4d. Never above maxDelaySeconds. Default: Exponential.",
    )
    delay_seconds: RetryDelay | None = Field(
        default=None,
        description="Seconds between the end of the first charged attempt and the start of the second. "
        f"Default: {limits.DEFAULT_RETRY_DELAY_SECONDS}.",
    )
    max_delay_seconds: RetryDelay | None = Field(
        default=None,
        description="Longest delay in seconds, before jitter. "
        f"Default: {limits.DEFAULT_RETRY_MAX_DELAY_SECONDS}, or delaySeconds if that is longer.",
    )
    delays: Annotated[tuple[RetryDelay, ...], Field(min_length=1, max_length=20)] | None = Field(
        default=None,
        description="An explicit plan instead of backoff, delaySeconds and maxDelaySeconds: the seconds to "
        "wait after the first, second, third … charged attempt. The last entry repeats. maxAttempts still "
        "decides how often.",
        json_schema_extra=ATOMIC_LIST,
    )
    jitter_percent: Percent | None = Field(
        default=None,
        description="By how many percent each delay may be longer or shorter, so that jobs which failed "
        "together do not come back together. Derived from the object's uid and the attempt: the same after "
        f"every restart of the operator. 0 turns it off. Default: {limits.DEFAULT_JITTER_PERCENT}.",
    )
    max_disruptions: DisruptionLimit | None = Field(
        default=None,
        description="How many attempts may end through no fault of the job (eviction, lost node, deleted "
        "pod, image that cannot be pulled) before it fails with DisruptionsExhausted. They are not charged "
        f"against maxAttempts. Default: {limits.DEFAULT_MAX_DISRUPTIONS}.",
    )
    retry_on: Annotated[tuple[ExceptionName, ...], Field(max_length=32)] | None = Field(
        default=None,
        description="Exceptions worth another attempt, by class name (TimeoutError) or qualified name "
        "(smtplib.SMTPServerDisconnected); subclasses match. If given, any other exception is final. "
        "Timeouts and crashes are still retried.",
        json_schema_extra=SET,
    )
    fail_on: Annotated[tuple[ExceptionName, ...], Field(max_length=32)] | None = Field(
        default=None,
        description="Exceptions that end the job at once with NotRetryable, by class name or qualified name; "
        "subclasses match. failOn wins over retryOn.",
        json_schema_extra=SET,
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        formula = (self.backoff, self.delay_seconds, self.max_delay_seconds)
        if self.delays is not None and any(part is not None for part in formula):
            raise ValueError("delays replaces backoff, delaySeconds and maxDelaySeconds")
        if (
            self.delay_seconds is not None
            and self.max_delay_seconds is not None
            and self.delay_seconds > self.max_delay_seconds
        ):
            raise ValueError("delaySeconds cannot exceed maxDelaySeconds")
        return self
