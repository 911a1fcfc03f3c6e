"""What happens to pods and Jobs outside the operator: kubelet, Job controller, garbage collector, people."""

import copy
from datetime import timedelta
from enum import StrEnum, auto
from typing import Any

from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.engine.record import format_time
from backgroundjob_runner.contract import FailureKind, ReceiptOutcome
from model_cluster import terminated_state
from model_faults import STOP_SECONDS, Attempt, FaultyCluster
from model_rules import terminal


class Happening(StrEnum):
    """Something that can happen to an attempt."""

    PEND = auto()
    RUN = auto()
    SUCCEED = auto()
    FAIL = auto()
    FATAL = auto()
    RETRY_LATER = auto()
    TIMEOUT = auto()
    CRASH = auto()
    NO_RECEIPT = auto()
    OUT_OF_MEMORY = auto()
    DELETE_POD = auto()
    EVICT = auto()
    VANISH = auto()
    DELETE_JOB = auto()
    BACKSTOP = auto()


Ending = tuple[ReceiptOutcome | None, int, dict[str, Any]]
"""Outcome of the receipt (None: no receipt), exit code, and more fields of the receipt."""

_KILLED: Ending = (None, 143, {})
_RECEIPTS: dict[Happening, Ending] = {
    Happening.SUCCEED: (ReceiptOutcome.SUCCEEDED, 0, {"result": {"sent": 1}}),
    Happening.FAIL: (ReceiptOutcome.FAILED, 1, {"failure": FailureKind.APP_ERROR}),
    Happening.FATAL: (ReceiptOutcome.FAILED, 1, {"failure": FailureKind.FATAL}),
    Happening.RETRY_LATER: (ReceiptOutcome.RETRY_LATER, 1, {"retry_after_seconds": 7}),
    Happening.TIMEOUT: (ReceiptOutcome.TIMEOUT, 1, {}),
    Happening.CRASH: (None, 3, {}),
    Happening.NO_RECEIPT: (None, 0, {}),
}
_EVICTION = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}


class Kubelet:
    """All of the cluster that is neither the API server nor the operator."""

    def __init__(self, cluster: FaultyCluster) -> None:
        self.cluster = cluster

    def happen(self, attempt: Attempt, what: Happening) -> None:
        """Let it happen, where it can."""
        if what is Happening.DELETE_JOB:
            self._delete_job(attempt)
            return
        if not attempt.exists or attempt.is_finished or attempt.process == "ended":
            return
        if what is Happening.PEND:
            if attempt.process == "none" and self._pod(attempt) is None:
                self.cluster.pend(attempt.job_name)
                self._count_pods(attempt)
        elif what is Happening.RUN:
            self._run(attempt)
        elif what in (Happening.DELETE_POD, Happening.EVICT):
            pod = self._pod(attempt)
            if pod is not None and "deletionTimestamp" not in pod["metadata"]:
                self.cluster.ask_pod_to_go(pod, _EVICTION if what is Happening.EVICT else None)
        elif what is Happening.VANISH:
            self._vanish(attempt)
        elif what is Happening.BACKSTOP:
            self._backstop(attempt)
        else:
            self._end(attempt, what)

    def catch_up(self) -> None:
        """The Job controller counts ended pods; the garbage collector removes what nobody owns."""
        objects = self.cluster.objects
        for attempt in list(self.cluster.attempts.values()):
            if attempt.exists and not attempt.is_finished and attempt.process == "ended":
                self._finish(attempt)
            if attempt.exists and self.cluster._owner(attempt.owner_uid) is None:
                self._delete_job(attempt)
        jobs = {job["metadata"]["uid"] for job in objects["Job"].values()}
        for pod in list(objects["Pod"].values()):
            if pod["metadata"]["ownerReferences"][0]["uid"] not in jobs:
                self.cluster._stop_pod(pod)

    def elapse(self) -> None:
        """Processes that were asked to go are gone by their time."""
        for attempt in self.cluster.attempts.values():
            if attempt.stops_at is not None and attempt.stops_at <= self.cluster.now:
                self.stop(attempt)

    def stop(self, attempt: Attempt, what: Happening | None = None) -> None:
        """A process that was asked to go is gone, its own way if `what` says so; then its pod is."""
        if attempt.stops_at is None:
            return
        pod = self._pod(attempt)
        if pod is None:
            attempt.process = "ended"  # the pod vanished before it
        else:
            if attempt.process == "running":
                ending = _RECEIPTS.get(what, _KILLED) if what is not None else _KILLED
                self._write_end(attempt, pod, ending)
            attempt.process = "ended"
            self.cluster.note(attempt.owner_uid, 2)
            name = pod["metadata"]["name"]
            self.cluster.remove("Pod", attempt.key.namespace, name)
        attempt.stops_at = None

    def _run(self, attempt: Attempt) -> None:
        if attempt.process == "none" and attempt.stops_at is None:
            self.cluster.run(attempt.job_name)
            attempt.process = "running"
            self._count_pods(attempt)

    def _end(self, attempt: Attempt, what: Happening) -> None:
        self._run(attempt)
        pod = self._pod(attempt)
        if attempt.process != "running" or pod is None:
            return
        if what is Happening.OUT_OF_MEMORY:
            self._write_end(attempt, pod, (None, 137, {}), "OOMKilled")
        else:
            self._write_end(attempt, pod, _RECEIPTS[what])
        attempt.process = "ended"

    def _write_end(self, attempt: Attempt, pod: Document, ending: Ending, reason: str = "") -> None:
        outcome, code, receipt = ending
        terminated = terminated_state(pod["metadata"]["labels"], self.cluster.now, outcome, code, **receipt)
        phase = "Failed" if terminated["reason"] == "Error" else "Succeeded"
        terminated["reason"] = reason or terminated["reason"]
        container = {"name": "runner", "state": {"terminated": terminated}}
        document = copy.deepcopy(pod)
        document["status"] |= {"phase": phase, "containerStatuses": [container]}
        self.cluster._store("Pod", document, "MODIFIED")
        self.cluster.note(attempt.owner_uid, 2)

    def _finish(self, attempt: Attempt, reason: str = "") -> None:
        pod = self._pod(attempt)
        failed = bool(reason) or pod is None or pod["status"]["phase"] != "Succeeded"
        self.cluster.finish(attempt.job_name, failed=failed)
        if reason:
            job = copy.deepcopy(self.cluster._job(attempt.job_name))
            job["status"]["conditions"][0]["reason"] = reason
            self.cluster._store("Job", job, "MODIFIED")
        attempt.is_finished = True
        self.cluster.note(attempt.owner_uid)

    def _vanish(self, attempt: Attempt) -> None:
        """The pod is deleted by force; its process may live on for a while."""
        pod = self._pod(attempt)
        if pod is None:
            return
        self.cluster.remove("Pod", attempt.key.namespace, pod["metadata"]["name"])
        if attempt.process == "running":
            attempt.stops_at = self.cluster.now + timedelta(seconds=STOP_SECONDS)
        else:
            attempt.process = "ended"
        self._finish(attempt)

    def _backstop(self, attempt: Attempt) -> None:
        """The Job's activeDeadlineSeconds are over: the controller deletes the pod, then says Failed."""
        pod = self._pod(attempt)
        if pod is None or attempt.process != "running":
            return
        self.cluster.ask_pod_to_go(pod)
        self.stop(attempt)
        self._finish(attempt, "DeadlineExceeded")

    def _delete_job(self, attempt: Attempt) -> None:
        if not attempt.exists:
            return
        if not self.cluster._is_recorded(attempt.owner_uid, attempt.number):
            is_known = self.cluster.is_known(attempt.uid)
            unseen = self.cluster.unrecorded if is_known else self.cluster.forgotten
            unseen.add((attempt.owner_uid, attempt.number))
        pod = self._pod(attempt)
        self.cluster.remove("Job", attempt.key.namespace, attempt.job_name)
        if pod is None:
            return
        if attempt.process == "ended":
            self.cluster.remove("Pod", attempt.key.namespace, pod["metadata"]["name"])
        else:
            self.cluster._stop_pod(pod)

    def _count_pods(self, attempt: Attempt) -> None:
        job = copy.deepcopy(self.cluster._job(attempt.job_name))
        ready = int(attempt.process == "running")
        job["status"] = {"active": 1, "ready": ready, "startTime": format_time(self.cluster.now)}
        self.cluster._store("Job", job, "MODIFIED")
        self.cluster.note(attempt.owner_uid, 2)

    def _pod(self, attempt: Attempt) -> Document | None:
        pods = self.cluster.objects["Pod"].values()
        return next(
            (pod for pod in pods if pod["metadata"]["ownerReferences"][0]["uid"] == attempt.uid), None
        )


def has_ended(document: Document) -> bool:
    """Whether the object shows a terminal condition that no restart overtook."""
    status = document.get("status", {})
    is_current = status.get("restartsObserved", 0) == document["spec"].get("restarts", 0)
    return is_current and terminal(status) is not None
