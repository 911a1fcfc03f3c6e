"""Jobs and pods as a Job controller and a kubelet would write them. Pure: documents in, documents out.

The engine's classifier reads them and cannot tell them from a cluster's.
"""

import platform
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.engine.manifest import CONTAINER_NAME
from backgroundjob_operator.engine.observation import DEADLINE_EXCEEDED
from backgroundjob_operator.engine.observation_pod import STATUS_UNKNOWN, TERMINAL_PHASES
from backgroundjob_operator.engine.record import format_time, parse_time
from backgroundjob_operator.local.supervisor import NODE_SHUTDOWN

UNKNOWN_EXIT_CODE: Final = 255
_SIGNALLED: Final = 128
_KILLED: Final = 9
_INT32: Final = 2**32


def pod_of(job: Document) -> Document:
    """The one pod of a new Job, as yet to start."""
    metadata, template = job["metadata"], job["spec"]["template"]
    reference = {"apiVersion": "batch/v1", "kind": "Job", "controller": True, "blockOwnerDeletion": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **template["metadata"],
            "name": f"{metadata['name']}-{uuid.uuid4().hex[:5]}",
            "namespace": metadata["namespace"],
            "ownerReferences": [reference | {"name": metadata["name"], "uid": metadata["uid"]}],
        },
        "spec": template["spec"] | {"nodeName": platform.node() or "localhost"},
        "status": {"phase": "Pending"},
    }


def job_status(start_time: str) -> Document:
    """Status of a Job whose pod exists."""
    return {"startTime": start_time, "active": 1, "ready": 0}


def running(pod: Document, started: float) -> Document:
    """The pod once its process runs."""
    return _with_state(pod, "Running", {"running": {"startedAt": api_time(started)}})


def waiting(pod: Document, reason: str, message: str) -> Document:
    """The pod whose container cannot be made yet."""
    return _with_state(pod, "Pending", {"waiting": {"reason": reason, "message": message}})


def _never_started(pod: Document) -> Document:
    """The pod whose end was asked for before its container could be made."""
    unknown = {"reason": STATUS_UNKNOWN, "exitCode": _SIGNALLED + _KILLED}
    return _with_state(pod, "Failed", {"terminated": unknown})


def ended(pod: Document, end: Mapping[str, Any], receipt: str) -> Document:
    """The pod after its end, as a supervisor wrote it down or the node concluded."""
    if "neverStarted" in end:
        return _never_started(pod)
    if "lost" in end:
        return _lost(pod, end["started"] or end["time"], end["time"], receipt)
    if "startError" in end:
        return _with_end(pod, end, "StartError", _SIGNALLED, end["startError"])
    code = _exit_code(end["exitCode"])
    after = _with_end(pod, end, "Completed" if code == 0 else "Error", code, receipt)
    if end.get("stopped") == NODE_SHUTDOWN:
        after["status"] |= {"reason": NODE_SHUTDOWN, "message": "the local engine was stopped"}
    return after


def _lost(pod: Document, started: float, now: float, receipt: str) -> Document:
    """The pod whose process is known to be gone, and nobody saw how it ended."""
    end = {"started": started, "time": now}
    return _with_end(pod, end, "Unknown", UNKNOWN_EXIT_CODE, receipt)


def silent(pod: Document, now: datetime) -> Document:
    """The pod whose process may live, though nobody watches it: as on a node that does not answer."""
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByTaintManager",
        "lastTransitionTime": format_time(now),
    }
    metadata = {"deletionTimestamp": format_time(now)} | pod["metadata"]
    status = pod["status"] | {"conditions": [*pod["status"].get("conditions", ()), condition]}
    return pod | {"metadata": metadata, "status": status}


def deleting(pod: Document, now: datetime) -> Document:
    """The pod once its end was asked for."""
    grace = timedelta(seconds=pod["spec"]["terminationGracePeriodSeconds"])
    return pod | {"metadata": {"deletionTimestamp": format_time(now + grace)} | pod["metadata"]}


def job_over_deadline(job: Document, now: datetime) -> Document:
    """The Job whose activeDeadlineSeconds passed while its pod runs."""
    return _with_condition(job, "FailureTarget", DEADLINE_EXCEEDED, now)


def job_ended(job: Document, pod: Document, now: datetime) -> Document:
    """The Job after its pod ended."""
    succeeded = pod["status"]["phase"] == "Succeeded"
    conditions = job["status"].get("conditions", ())
    reasons = [one["reason"] for one in conditions if one["type"] == "FailureTarget"]
    if succeeded and not reasons:
        after = _with_condition(job, "Complete", "CompletionsReached", now)
        after["status"]["completionTime"] = format_time(now)
    else:
        after = _with_condition(job, "Failed", reasons[0] if reasons else "BackoffLimitExceeded", now)
    after["status"] |= {"active": 0, "ready": 0, "succeeded" if succeeded else "failed": 1}
    return after


def is_settled(pod: Document) -> bool:
    """Whether its process has ended."""
    return pod["status"]["phase"] in TERMINAL_PHASES


def finish_time(job: Document) -> datetime | None:
    """When the Job ended; None before."""
    for condition in job["status"].get("conditions", ()):
        if condition["type"] in ("Complete", "Failed"):
            return parse_time(condition["lastTransitionTime"])
    return None


def job_uid(pod: Document) -> str:
    """Uid of the pod's Job."""
    return str(pod["metadata"]["ownerReferences"][0]["uid"])


def job_name(pod: Document) -> str:
    """Name of the pod's Job."""
    return str(pod["metadata"]["ownerReferences"][0]["name"])


def environment(pod: Document) -> dict[str, str]:
    """Variables that the runner profile gives as plain values."""
    variables = pod["spec"]["containers"][0].get("env") or ()
    return {one["name"]: str(one["value"]) for one in variables if "value" in one}


def api_time(timestamp: float) -> str:
    """A time of the clock as the API writes it."""
    return format_time(datetime.fromtimestamp(timestamp, UTC))


def _with_end(pod: Document, end: Mapping[str, Any], reason: str, code: int, message: str) -> Document:
    terminated = {
        "exitCode": code,
        "reason": reason,
        "message": message,
        "startedAt": api_time(end.get("started", end["time"])),
        "finishedAt": api_time(end["time"]),
    }
    phase = "Succeeded" if code == 0 else "Failed"
    return _with_state(pod, phase, {"terminated": terminated})


def _with_state(pod: Document, phase: str, state: Document) -> Document:
    statuses = [{"name": CONTAINER_NAME, "state": state, "ready": phase == "Running", "restartCount": 0}]
    return pod | {"status": pod["status"] | {"phase": phase, "containerStatuses": statuses}}


def _with_condition(job: Document, type_: str, reason: str, now: datetime) -> Document:
    condition = {"type": type_, "status": "True", "reason": reason, "lastTransitionTime": format_time(now)}
    return job | {"status": job["status"] | {"conditions": [*job["status"].get("conditions", ()), condition]}}


def _exit_code(code: int) -> int:
    """As a container runtime tells it: 128 + n for signal n; Windows' unsigned codes as 32 signed bits."""
    if code < 0:
        return _SIGNALLED - code
    return code if code < _INT32 // 2 else code - _INT32
