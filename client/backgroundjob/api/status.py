"""`status`: what the operator tells. Nobody else writes it.

Words (`reason`, `outcome`, `cause`) come from the closed lists in `reasons`, but the CRD takes any word and
these models keep an unknown one as text: an operator that was rolled back must read what a newer one wrote.
"""

from typing import Annotated

from pydantic import Field, StrictBool, StrictInt, WithJsonSchema

from backgroundjob.api import limits
from backgroundjob.api.fields import (
    ATOMIC_LIST,
    BY_TYPE,
    WORD,
    AnyJson,
    ApiModel,
    AttemptLimit,
    Count,
    Generation,
    ObjectName,
    Percent,
    PriorityNumber,
    QueueName,
    Restarts,
    Seconds,
    Time,
    is_empty,
)
from backgroundjob.api.reasons import Cause, ConditionStatus, ConditionType, Outcome, Reason, State

_WORD_SCHEMA = WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 63, "pattern": WORD})
_OPEN = Field(union_mode="left_to_right")
AnyReason = Annotated[Reason | str, _OPEN, _WORD_SCHEMA]
AnyOutcome = Annotated[Outcome | str, _OPEN, _WORD_SCHEMA]
AnyCause = Annotated[Cause | str, _OPEN, _WORD_SCHEMA]
AnyConditionType = Annotated[ConditionType | str, _OPEN, _WORD_SCHEMA]
Message = Annotated[str, Field(max_length=limits.MESSAGE_LIMIT)]
KubernetesName = Annotated[str, Field(max_length=253)]


def _words(words: type[Reason | Outcome | Cause | ConditionType]) -> str:
    return ", ".join(words)


class Condition(ApiModel):
    """One fact about the object, as other Kubernetes objects tell theirs."""

    type: AnyConditionType = Field(
        description="Accepted (checked, and may run), Suspended, Complete (succeeded) or Failed (failed, "
        "cancelled or rejected). Complete and Failed are final until a restart."
    )
    status: ConditionStatus = Field(description="True, False or Unknown.")
    reason: AnyReason = Field(description="Why, in one word from the list of status.reason.")
    message: Message = Field(default="", exclude_if=is_empty, description="Why, in a sentence.")
    last_transition_time: Time = Field(description="When the status of the condition last changed.")
    observed_generation: Generation | None = Field(
        default=None, description="metadata.generation of the object that the condition speaks of."
    )


class ExceptionInfo(ApiModel):
    """The exception that ended an attempt."""

    type: Annotated[str, Field(max_length=253)] = Field(
        description="Qualified name of its class, such as smtplib.SMTPServerDisconnected."
    )
    message: Message = Field(default="", exclude_if=is_empty, description="Its text, secrets removed, cut.")
    traceback: Annotated[str, Field(max_length=limits.TRACEBACK_LIMIT)] = Field(
        default="",
        exclude_if=is_empty,
        description="Its last 20 frames, secrets removed, cut. Only in the newest attempt that has one.",
    )


class Attempt(ApiModel):
    """One attempt: one Job."""

    number: Annotated[StrictInt, Field(ge=1, le=limits.INT32_MAX)] = Field(
        description="Number of the attempt from 1, restarts and disruptions included. It only grows."
    )
    job_name: ObjectName = Field(description="Name of its Job.")
    pod_name: KubernetesName | None = Field(default=None, description="Name of its pod.")
    node_name: KubernetesName | None = Field(default=None, description="Node that the pod was on.")
    start_time: Time | None = Field(default=None, description="When its Job was created.")
    finish_time: Time | None = Field(default=None, description="When it ended. Absent while it runs.")
    outcome: AnyOutcome | None = Field(
        default=None,
        description=f"How it ended: {_words(Outcome)}. Disrupted means through no fault of the job.",
    )
    cause: AnyCause | None = Field(
        default=None, description=f"Why it ended without success: {_words(Cause)}."
    )
    message: Annotated[str, Field(max_length=limits.ATTEMPT_MESSAGE_LIMIT)] = Field(
        default="",
        exclude_if=is_empty,
        description="What the cause leaves open, such as the image that could not be pulled.",
    )
    charged: StrictBool | None = Field(
        default=None,
        description="Whether it counts against retry.maxAttempts. Ends that are not the job's fault count "
        "against retry.maxDisruptions instead.",
    )
    exit_code: Annotated[StrictInt, Field(ge=-limits.INT32_MAX, le=limits.INT32_MAX)] | None = Field(
        default=None, description="Exit code of the process: 0 success, 137 killed, 143 terminated."
    )
    exception: ExceptionInfo | None = Field(default=None, description="The exception that ended it.")
    retry_after_seconds: Seconds | None = Field(
        default=None, description="Seconds that the code asked to wait by raising RetryLater."
    )


class Progress(ApiModel):
    """The last progress that the code reported."""

    percent: Percent | None = Field(default=None, description="How much is done, 0 to 100.")
    message: Annotated[str, Field(max_length=256)] = Field(
        default="", exclude_if=is_empty, description="What is being done, in the code's own words."
    )
    update_time: Time | None = Field(default=None, description="When the code reported it.")


class BackgroundJobStatus(ApiModel):
    """What is known of the object, effective values included."""

    observed_generation: Generation | None = Field(
        default=None, description="metadata.generation of the object that this status reflects."
    )
    state: State | None = Field(
        default=None,
        description="Summary in one word for people; programs read conditions. Waiting (not due, "
        "suspended, or waiting for others), Queued (due, held back by a limit), Running, Retrying (waiting "
        "for the next attempt), Succeeded, Failed, Cancelled, Rejected (may not run as written).",
    )
    reason: AnyReason | None = Field(
        default=None, description=f"Why it is in this state, in one word: {_words(Reason)}."
    )
    message: Message = Field(
        default="",
        exclude_if=is_empty,
        description="Why it is in this state, in a sentence that says what to do. It changes only with "
        "state or reason.",
    )
    conditions: Annotated[tuple[Condition, ...], Field(max_length=8)] = Field(
        default=(),
        exclude_if=is_empty,
        description="Accepted, Suspended, Complete, Failed. kubectl wait --for=condition=Complete returns "
        "on success; Failed is set for Failed, Cancelled and Rejected alike.",
        json_schema_extra=BY_TYPE,
    )
    queue: QueueName | None = Field(default=None, description="Effective queue, all defaults applied.")
    priority: PriorityNumber | None = Field(
        default=None,
        description="Effective priority as a number, all defaults applied, without the rank gained by "
        "waiting.",
    )
    max_attempts: AttemptLimit | None = Field(
        default=None, description="Effective limit of charged attempts, all defaults applied."
    )
    attempt_count: Count = Field(
        default=0, description="Charged attempts since creation or the latest restart."
    )
    attempt_summary: Annotated[str, Field(max_length=16, pattern="^[0-9]+/[0-9]+$")] | None = Field(
        default=None, description="Charged attempts and their limit, for people: 2/3."
    )
    disruption_count: Count = Field(
        default=0,
        description="Attempts that ended through no fault of the job, since creation or the latest restart. "
        "retry.maxDisruptions bounds them.",
    )
    next_retry_time: Time | None = Field(
        default=None, description="When the next attempt is due. Only while the state is Retrying."
    )
    start_time: Time | None = Field(
        default=None, description="When the first attempt since creation or the latest restart started."
    )
    completion_time: Time | None = Field(default=None, description="When it became Complete or Failed.")
    duration: Annotated[str, Field(max_length=16)] | None = Field(
        default=None, description="Time from startTime to completionTime, for people: 3m12s."
    )
    job_name: ObjectName | None = Field(
        default=None,
        description="Job of the current or last attempt. kubectl logs job/NAME shows its output.",
    )
    attempts: Annotated[tuple[Attempt, ...], Field(max_length=limits.ATTEMPTS_KEPT)] = Field(
        default=(),
        exclude_if=is_empty,
        description=f"The attempts, oldest first. Of more than {limits.ATTEMPTS_KEPT}, the first "
        f"{limits.ATTEMPTS_KEPT_FIRST} and the last {limits.ATTEMPTS_KEPT_LAST} are kept.",
        json_schema_extra=ATOMIC_LIST,
    )
    progress: Progress | None = Field(
        default=None, description="The last progress that the code of the current attempt reported."
    )
    result: AnyJson | None = Field(
        default=None,
        description="What the method returned, as JSON, at most 4 KiB. Absent if it returned None or "
        "something larger.",
    )
    restarts_observed: Restarts | None = Field(
        default=None, description="Value of spec.restarts that was last acted on."
    )

    def condition(self, kind: ConditionType) -> Condition | None:
        """The condition of that type, if it was ever set."""
        return next((condition for condition in self.conditions if condition.type == kind), None)

    def holds(self, kind: ConditionType) -> bool:
        """Whether the condition is True."""
        found = self.condition(kind)
        return found is not None and found.status is ConditionStatus.TRUE

    @property
    def is_terminal(self) -> bool:
        """Whether it is Complete or Failed. A restart that was not yet acted on does not count."""
        return self.holds(ConditionType.COMPLETE) or self.holds(ConditionType.FAILED)
