"""The rules that name the cause of an end without a final receipt, in order: the first that answers decides.

Pod before Job, as the Job knows only that it ended: the Pod's own reason, the disruption, an end that
speaks for itself, the backstop, deletions, the last reason not to start, the exit code.
"""

from collections.abc import Callable
from typing import Final

from backgroundjob.api.reasons import Cause, Outcome
from backgroundjob_operator.engine.outcome_facts import Facts, is_start_error
from backgroundjob_operator.engine.outcome_text import exit_text, start_failure_text
from backgroundjob_operator.engine.outcome_verdict import Verdict
from backgroundjob_runner.contract import ExitCode

Rule = Callable[[Facts], Verdict | None]

_POD_REASONS: Final = {
    "Evicted": (Cause.EVICTED, "the kubelet evicted it"),
    "Preempting": (Cause.PREEMPTED, "the kubelet removed it for a critical Pod"),
    "NodeLost": (Cause.NODE_LOST, "its node was lost"),
}
_SHUTDOWN_REASONS: Final = frozenset({"Terminated", "NodeShutdown", "Shutdown"})
_DISRUPTIONS: Final = {
    "EvictionByEvictionAPI": (Cause.EVICTED, "it was evicted, as a node drain does"),
    "TerminationByKubelet": (Cause.EVICTED, "its node is under pressure or shutting down"),
    "PreemptionByScheduler": (Cause.PREEMPTED, "a Pod of higher priority took its place"),
    "DeletionByTaintManager": (Cause.NODE_LOST, "its node is not ready, silent or tainted: look at the node"),
    "DeletionByPodGC": (Cause.NODE_LOST, "its Node object is gone"),
}


def cancelled(facts: Facts) -> Verdict | None:
    """spec.cancel was true and the work did not get to its end."""
    if not facts.cancel_requested:
        return None
    return facts.verdict(Cause.CANCELLED, "it was cancelled: spec.cancel is true")


def pod_unseen(facts: Facts) -> Verdict | None:
    """The Pod came and went while nobody watched, or never came."""
    job = facts.job
    if not facts.lacks_the_pod:
        return None
    if job is not None and job.is_complete:
        message = "the Job is Complete and its Pod was never seen: receipt not seen, so the result is lost"
        return facts.verdict(None, message, outcome=Outcome.SUCCEEDED)
    if facts.attempt.pods:
        return None
    if job is None:
        message = "its Job and Pod are gone, and nobody saw how it ended"
        return facts.verdict(Cause.UNKNOWN, message)
    explained = facts.started is False or (facts.started and facts.exceeded_deadline)
    if facts.decided and not explained:
        message = f"Job {job.name} ended and its Pod was gone before it was seen"
        return facts.verdict(Cause.UNKNOWN, message)
    return None


def pod_reason(facts: Facts) -> Verdict | None:
    """A kubelet evicted or refused the Pod and said why."""
    pod = facts.pod
    if pod is None or not pod.reason:
        return None
    detail = f" ({pod.status_message.strip()})" if pod.status_message else ""
    if pod.reason in _POD_REASONS:
        cause, text = _POD_REASONS[pod.reason]
        return facts.verdict(cause, f"Pod {pod.name} on {pod.node_name}: {text}{detail}")
    if not pod.ever_running and pod.phase == "Failed" and pod.end is None:
        message = f"the kubelet of {pod.node_name} refused Pod {pod.name}: {pod.reason}{detail}"
        return facts.verdict(Cause.NODE_REJECTED, message)
    if pod.reason in _SHUTDOWN_REASONS:
        return facts.verdict(Cause.EVICTED, f"Pod {pod.name}: its node {pod.node_name} shut down{detail}")
    return None


def disruption(facts: Facts) -> Verdict | None:
    """Something other than the job asked for the Pod's end."""
    pod = facts.pod
    if pod is None or pod.disruption_reason is None or pod.ended_first:
        return None
    default = (Cause.EVICTED, f"it was disrupted ({pod.disruption_reason})")
    cause, text = _DISRUPTIONS.get(pod.disruption_reason, default)
    return facts.verdict(cause, f"Pod {pod.name} on {pod.node_name}: {text}")


def telling_end(facts: Facts) -> Verdict | None:
    """A container state that needs no further evidence."""
    end = facts.end
    if end is None:
        return None
    if end.reason == "OOMKilled" and end.exit_code == 137:
        message = "the process was killed for want of memory: raise the memory limit of the runner profile"
        return facts.verdict(Cause.OUT_OF_MEMORY, message)
    if is_start_error(end):
        return facts.verdict(Cause.START_FAILED, start_failure_text(end.reason, end.message))
    if end.reason == "Unknown" and end.exit_code == 255:
        message = "its node or the container runtime restarted, so how it ended is lost"
        return facts.verdict(Cause.UNKNOWN, message)
    return None


def backstop(facts: Facts) -> Verdict | None:
    """The Job's activeDeadlineSeconds stopped it."""
    if not facts.exceeded_deadline:
        return None
    if facts.started:
        message = "it ran until the Job's deadline: raise timeoutSeconds or make the work shorter"
        return facts.verdict(Cause.TIMEOUT, message)
    if facts.started is False:
        return facts.verdict(Cause.START_FAILED, _start_failure(facts))
    return facts.verdict(Cause.UNKNOWN, "the Job's deadline passed, and nobody saw whether its code ran")


def job_deleted(facts: Facts) -> Verdict | None:
    """The Job is gone without a word on how it ended."""
    pod = facts.pod
    if not facts.job_is_gone or (pod is not None and (pod.ended_first or _ended_as_orphan(facts))):
        return None
    if facts.started is False and facts.start_is_overdue:
        return facts.verdict(Cause.START_FAILED, _start_failure(facts))
    text = "somebody deleted its Job" if facts.job is None else f"somebody deleted Job {facts.job.name}"
    if pod is not None and pod.deletion_time is None:
        text += f" but not Pod {pod.name}, which may still run: delete it"
    return facts.verdict(Cause.JOB_DELETED, text)


def pod_deleted(facts: Facts) -> Verdict | None:
    """Somebody deleted the Pod."""
    pod = facts.pod
    if pod is None or pod.deletion_time is None or pod.ended_first:
        return None
    return facts.verdict(Cause.POD_DELETED, f"somebody deleted Pod {pod.name}")


def unwitnessed(facts: Facts) -> Verdict | None:
    """No container state says how it ended."""
    pod, end = facts.pod, facts.end
    if pod is None:
        return facts.verdict(Cause.START_FAILED, _start_failure(facts))
    if end is not None and end.is_real:
        return None
    if pod.is_running:
        message = f"nobody saw Pod {pod.name} end: look at node {pod.node_name}"
        return facts.verdict(Cause.NODE_LOST, message)
    if facts.started is False and facts.waiting_reason is not None:
        return facts.verdict(Cause.START_FAILED, _start_failure(facts))
    return facts.verdict(Cause.UNKNOWN, f"Pod {pod.name} ended and nobody saw how")


def exit_code(facts: Facts) -> Verdict | None:
    """All that is left is the exit code."""
    end = facts.end
    if end is None:
        return None
    if end.exit_code == ExitCode.SUCCEEDED:
        message = f"the process exited with 0 but {facts.reading.problem or 'its receipt is not final'}"
        return facts.verdict(Cause.NO_RECEIPT, f"{message}: look in its log for os._exit or a fork")
    return facts.verdict(Cause.CRASH, exit_text(end, facts.reading.problem))


RULES: Final[tuple[Rule, ...]] = (
    cancelled,
    pod_unseen,
    pod_reason,
    disruption,
    telling_end,
    backstop,
    job_deleted,
    pod_deleted,
    unwitnessed,
    exit_code,
)


def _start_failure(facts: Facts) -> str:
    text = facts.pod.last_waiting_message if facts.pod is not None else ""
    return start_failure_text(facts.waiting_reason or "Pending", text)


def _ended_as_orphan(facts: Facts) -> bool:
    """Whether it ended by itself after its Job was deleted from above it."""
    pod = facts.pod
    return pod is not None and pod.is_settled and pod.deletion_time is None and not pod.vanished
