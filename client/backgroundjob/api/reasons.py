"""The closed lists of words that the status speaks, one line each, and their named sets.

No call site lists members: it asks a set.  Standard library only; the local engine and the CLI read it too.
"""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """One-word summary for people. Programs read the conditions."""

    WAITING = "Waiting"
    """Not due: delayed, suspended, or waiting for other BackgroundJobs or the allow-list."""
    QUEUED = "Queued"
    """Due, but a limit or a paused queue holds it back."""
    RUNNING = "Running"
    """An attempt has a Job."""
    RETRYING = "Retrying"
    """The last attempt ended without success; the next one waits for its time."""
    SUCCEEDED = "Succeeded"
    """An attempt succeeded."""
    FAILED = "Failed"
    """It ended without success and will not run again by itself."""
    CANCELLED = "Cancelled"
    """A user ended it."""
    REJECTED = "Rejected"
    """It may not run as written: not allowed, or invalid."""


TERMINAL_STATES: Final = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.REJECTED})
UNSUCCESSFUL_STATES: Final = TERMINAL_STATES - {State.SUCCEEDED}
"""Terminal states whose `Failed` condition is True."""


class ConditionType(StrEnum):
    """Conditions as batch/v1 Jobs have them, so that `kubectl wait --for=condition=Complete` works."""

    ACCEPTED = "Accepted"
    """The allow-list and the parameters were checked, and the object may run."""
    SUSPENDED = "Suspended"
    """spec.suspend holds it back."""
    COMPLETE = "Complete"
    """It succeeded. Final."""
    FAILED = "Failed"
    """It ended without success: failed, cancelled or rejected. Final."""


TERMINAL_CONDITIONS: Final = frozenset({ConditionType.COMPLETE, ConditionType.FAILED})


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """Why the object is in its state. Conditions and Events use the same words."""

    # Waiting and Queued
    NOT_YET_DUE = "NotYetDue"
    """delaySeconds or runAt lies ahead."""
    WAITING_FOR_DEPENDENCIES = "WaitingForDependencies"
    """A BackgroundJob named in dependsOn has not ended."""
    SUSPENDED = "Suspended"
    """spec.suspend is true."""
    QUEUE_PAUSED = "QueuePaused"
    """The administrator paused its queue."""
    QUEUE_LIMIT = "QueueLimit"
    """Its queue runs as many attempts as it may."""
    GLOBAL_LIMIT = "GlobalLimit"
    """The cluster runs as many attempts as it may."""
    NAMESPACE_LIMIT = "NamespaceLimit"
    """Its namespace runs as many attempts as it may."""
    CLASS_LIMIT = "ClassLimit"
    """Its class.method runs as many attempts as its allow-list entry lets it."""
    CONCURRENCY_KEY_BUSY = "ConcurrencyKeyBusy"
    """Another attempt with the same concurrencyKey runs in the namespace."""
    ALLOW_LIST_UNAVAILABLE = "AllowListUnavailable"
    """The allow-list has never been readable; nothing starts until it is."""

    # Running
    STARTING = "Starting"
    """The Job exists; its pod has not started."""
    RUNNING = "Running"
    """The code runs."""
    STOPPING = "Stopping"
    """It was cancelled; the code has its grace period."""
    WAITING_FOR_NODE = "WaitingForNode"
    """The node is silent: the next attempt waits until this one is known to have ended."""
    IMAGE_PULL = "ImagePull"
    """The image cannot be pulled (yet)."""
    UNSCHEDULABLE = "Unschedulable"
    """No node takes the pod."""
    QUOTA_EXCEEDED = "QuotaExceeded"
    """A ResourceQuota refuses the pod."""

    # Retrying
    BACK_OFF = "BackOff"
    """Waiting for status.nextRetryTime."""

    # Terminal
    COMPLETED = "Completed"
    """The method returned."""
    RETRIES_EXHAUSTED = "RetriesExhausted"
    """All attempts failed."""
    NOT_RETRYABLE = "NotRetryable"
    """The failure is final: failOn, not in retryOn, Fatal, or the code cannot be loaded."""
    DISRUPTIONS_EXHAUSTED = "DisruptionsExhausted"
    """More attempts ended through no fault of the job than retry.maxDisruptions allows."""
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    """deadlineSeconds passed before it succeeded."""
    DEPENDENCY_FAILED = "DependencyFailed"
    """A dependency can no longer hold: it failed, or it is gone."""
    DEPENDENCY_CYCLE = "DependencyCycle"
    """The dependencies lead back to the object itself."""
    CANCEL_REQUESTED = "CancelRequested"
    """spec.cancel is true."""

    # Rejected
    NOT_ALLOWED = "NotAllowed"
    """The allow-list does not let this class.method run here, or not with these limits."""
    INVALID_PARAMS = "InvalidParams"
    """The parameters do not match the schema of the allow-list entry."""
    INVALID_SPEC = "InvalidSpec"
    """The spec cannot be resolved, such as a priority name that nobody defined."""
    PARAMS_TOO_LARGE = "ParamsTooLarge"
    """params and args exceed 64 KiB."""


REJECTION_REASONS: Final = frozenset(
    {Reason.NOT_ALLOWED, Reason.INVALID_PARAMS, Reason.INVALID_SPEC, Reason.PARAMS_TOO_LARGE}
)
FAILURE_REASONS: Final = frozenset(
    {
        Reason.RETRIES_EXHAUSTED,
        Reason.NOT_RETRYABLE,
        Reason.DISRUPTIONS_EXHAUSTED,
        Reason.DEADLINE_EXCEEDED,
        Reason.DEPENDENCY_FAILED,
        Reason.DEPENDENCY_CYCLE,
    }
)
TERMINAL_REASONS: Final = REJECTION_REASONS | FAILURE_REASONS | {Reason.COMPLETED, Reason.CANCEL_REQUESTED}


class Outcome(StrEnum):
    """How one attempt ended."""

    SUCCEEDED = "Succeeded"
    """The method returned."""
    FAILED = "Failed"
    """It ended through its own doing. Charged against maxAttempts."""
    DISRUPTED = "Disrupted"
    """It ended, or never started, through no fault of its own. Charged against maxDisruptions."""
    CANCELLED = "Cancelled"
    """A user ended it. Charged against nothing."""


class Cause(StrEnum):
    """Why an attempt ended without success."""

    # These are charged to the job.
    NO_RECEIPT = "NoReceipt"
    """The process exited with 0 but left no receipt, such as by os._exit(0)."""
    APP_ERROR = "AppError"
    """The method raised an exception."""
    NOT_LOADABLE = "NotLoadable"
    """The module, class or method is not in the image, or does not take these parameters."""
    RETRY_LATER = "RetryLater"
    """The method asked to be tried again later."""
    TIMEOUT = "Timeout"
    """It ran longer than timeoutSeconds."""
    OUT_OF_MEMORY = "OutOfMemory"
    """The kernel killed the process for want of memory."""
    CRASH = "Crash"
    """The process ended by another exit code or signal, without a receipt."""

    # These are not.
    EVICTED = "Evicted"
    """The pod was evicted or its node drained."""
    PREEMPTED = "Preempted"
    """The scheduler removed the pod for a more important one."""
    POD_DELETED = "PodDeleted"
    """Somebody deleted the pod."""
    JOB_DELETED = "JobDeleted"
    """Somebody deleted the Job."""
    NODE_REJECTED = "NodeRejected"
    """The kubelet refused the pod."""
    NODE_LOST = "NodeLost"
    """The node fell silent or is gone; nobody saw the end."""
    UNKNOWN = "Unknown"
    """It ended unseen, such as while the operator was away."""
    START_FAILED = "StartFailed"
    """The code never started: image, container configuration, no room, quota, or too late."""

    CANCELLED = "Cancelled"
    """spec.cancel was true."""


CHARGED_CAUSES: Final = frozenset(
    {
        Cause.NO_RECEIPT,
        Cause.APP_ERROR,
        Cause.NOT_LOADABLE,
        Cause.RETRY_LATER,
        Cause.TIMEOUT,
        Cause.OUT_OF_MEMORY,
        Cause.CRASH,
    }
)
"""They make the outcome Failed and count against retry.maxAttempts."""
DISRUPTION_CAUSES: Final = frozenset(Cause) - CHARGED_CAUSES - {Cause.CANCELLED}
"""They make the outcome Disrupted and count against retry.maxDisruptions."""


class Backoff(StrEnum):
    """How the delay between attempts grows."""

    FIXED = "Fixed"
    """The same delay each time."""
    LINEAR = "Linear"
    """Once, twice, three times the first delay."""
    EXPONENTIAL = "Exponential"
    """Doubled each time."""


class DependencyCondition(StrEnum):
    """What a dependency has to reach."""

    SUCCEEDED = "Succeeded"
    """It succeeded; any other end fails the dependent object."""
    FINISHED = "Finished"
    """It ended, however."""
