"""A model of the API server in memory: versions, conflicts, preconditions, and Jobs that end when told to.

Implements the operator's `Cluster` port. Tests drive the real planner and the real actuator against it.
"""

import copy
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from backgroundjob.api import labels
from backgroundjob.api.status import BackgroundJobStatus
from backgroundjob_operator.cluster.port import (
    AlreadyExists,
    ClusterError,
    Conflict,
    Document,
    NotFound,
    Refused,
)
from backgroundjob_operator.engine.actions import EmitEvent, ObjectKey
from backgroundjob_operator.engine.names import event_name
from backgroundjob_operator.engine.record import format_time
from backgroundjob_runner.contract import Receipt, ReceiptOutcome
from model_rules import status_refusal

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class ModelCluster:
    """Objects by kind and (namespace, name); every write is one version and one queued watch event."""

    def __init__(self) -> None:
        self.now = NOON
        self.objects: dict[str, dict[tuple[str, str], Document]] = {"BackgroundJob": {}, "Job": {}, "Pod": {}}
        self.events: dict[str, EmitEvent] = {}
        self.watch: list[tuple[str, str, Document]] = []
        """Undelivered watch events: kind, type, document."""
        self.calls: list[str] = []
        self.created_jobs: list[str] = []
        self.faults: list[tuple[str, ClusterError, bool]] = []
        """Call name, error to raise, and whether the call takes effect all the same."""
        self._versions = itertools.count(1)

    @property
    def version(self) -> int:
        """The newest resourceVersion."""
        return next(self._versions)

    # What people and the control plane do

    def apply(self, name: str, spec: Mapping[str, Any], namespace: str = "default") -> ObjectKey:
        """Create a BackgroundJob."""
        document = {
            "apiVersion": labels.API_VERSION,
            "kind": labels.KIND,
            "metadata": self._metadata(name, namespace, f"uid-{namespace}-{name}-{next(self._versions)}"),
            "spec": dict(spec),
        }
        self._store("BackgroundJob", document, "ADDED")
        return ObjectKey(namespace, name)

    def edit(self, key: ObjectKey, **changes: Any) -> None:
        """Merge-patch the spec of a BackgroundJob."""
        document = copy.deepcopy(self.objects["BackgroundJob"][(key.namespace, key.name)])
        document["spec"] |= changes
        document["metadata"]["generation"] += 1
        self._store("BackgroundJob", document, "MODIFIED")

    def remove(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object, as a user would."""
        document = copy.deepcopy(self.objects[kind].pop((namespace, name)))
        document["metadata"]["deletionTimestamp"] = format_time(self.now)
        document["metadata"]["resourceVersion"] = str(next(self._versions))
        self.watch.append((kind, "DELETED", document))

    def status(self, key: ObjectKey) -> Document:
        """The status as stored."""
        document: Document = self.objects["BackgroundJob"][(key.namespace, key.name)].get("status", {})
        return document

    def jobs_of(self, key: ObjectKey) -> list[str]:
        """Names of the object's Jobs, in order of creation."""
        uid = self.objects["BackgroundJob"][(key.namespace, key.name)]["metadata"]["uid"]
        jobs = [
            job for job in self.objects["Job"].values() if job["metadata"]["labels"][labels.UID_LABEL] == uid
        ]
        return [
            job["metadata"]["name"]
            for job in sorted(jobs, key=lambda job: int(job["metadata"]["labels"][labels.ATTEMPT_LABEL]))
        ]

    def pend(self, job_name: str, reason: str = "ContainerCreating") -> None:
        """The pod of a Job exists and does not start."""
        self._write_pod(job_name, "Pending", {"waiting": {"reason": reason}})

    def run(self, job_name: str) -> None:
        """The pod of a Job starts."""
        self._write_pod(job_name, "Running", {"running": {"startedAt": format_time(self.now)}})

    def end(
        self,
        job_name: str,
        outcome: ReceiptOutcome | None = ReceiptOutcome.SUCCEEDED,
        exit_code: int = 0,
        **receipt: Any,
    ) -> None:
        """The pod of a Job ends, with a receipt unless `outcome` is None; then the Job does."""
        self.finish(job_name, failed=self.end_pod(job_name, outcome, exit_code, **receipt))

    def end_pod(
        self,
        job_name: str,
        outcome: ReceiptOutcome | None = ReceiptOutcome.SUCCEEDED,
        exit_code: int = 0,
        **receipt: Any,
    ) -> bool:
        """The pod of a Job ends; its Job does not know yet. Returns whether it failed."""
        owner = self._job(job_name)["metadata"]["labels"]
        terminated = terminated_state(owner, self.now, outcome, exit_code, **receipt)
        failed = bool(terminated["exitCode"]) or outcome not in (None, ReceiptOutcome.SUCCEEDED)
        self._write_pod(job_name, "Failed" if failed else "Succeeded", {"terminated": terminated})
        return failed

    def finish(self, job_name: str, *, failed: bool) -> None:
        """The Job controller counts the ended pod, a second or so later."""
        condition = {
            "type": "Failed" if failed else "Complete",
            "status": "True",
            "lastTransitionTime": format_time(self.now),
        }
        job = copy.deepcopy(self._job(job_name))
        reason = "BackoffLimitExceeded" if failed else "CompletionsReached"
        counts = {"failed": 1} if failed else {"succeeded": 1}
        job["status"] = {**counts, "conditions": [condition | {"reason": reason}]}
        self._store("Job", job, "MODIFIED")

    def exceed_deadline(self, job_name: str) -> None:
        """The Job's own deadline, the backstop, ends it before any pod was created."""
        job = copy.deepcopy(self._job(job_name))
        condition = {"type": "Failed", "status": "True", "lastTransitionTime": format_time(self.now)}
        job["status"] = {"conditions": [condition | {"reason": "DeadlineExceeded"}]}
        self._store("Job", job, "MODIFIED")

    # The port

    async def create_job(self, manifest: Mapping[str, Any]) -> Document:
        lost = self._enter("create_job")
        metadata = manifest["metadata"]
        if (metadata["namespace"], metadata["name"]) in self.objects["Job"]:
            raise AlreadyExists(metadata["name"])
        document = copy.deepcopy(dict(manifest))
        document["metadata"] = {
            **self._metadata(metadata["name"], metadata["namespace"], f"job-{next(self._versions)}"),
            **document["metadata"],
        }
        self.created_jobs.append(metadata["name"])
        stored = self._store("Job", document, "ADDED")
        self._raise(lost)
        return stored

    async def get_job(self, namespace: str, name: str) -> Document:
        self._raise(self._enter("get_job"))
        return self._get("Job", namespace, name)

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        lost = self._enter("delete_job")
        self._delete("Job", namespace, name, uid)
        for pod in [
            pod for pod in self.objects["Pod"].values() if pod["metadata"]["ownerReferences"][0]["uid"] == uid
        ]:
            self._stop_pod(pod)
        self._raise(lost)

    async def get_background_job(self, key: ObjectKey) -> Document:
        self._raise(self._enter("get_background_job"))
        return self._get("BackgroundJob", key.namespace, key.name)

    async def patch_status(self, key: ObjectKey, patch: Mapping[str, Any], resource_version: str) -> Document:
        lost = self._enter("patch_status")
        document = self._get("BackgroundJob", key.namespace, key.name)
        if document["metadata"]["resourceVersion"] != resource_version:
            raise Conflict(f"{key} has version {document['metadata']['resourceVersion']}")
        before = document.get("status", {})
        document["status"] = merged(before, patch)
        try:
            BackgroundJobStatus.model_validate(document["status"])
        except ValidationError as error:
            raise Refused(f"status: {error}") from error
        refusal = status_refusal(document["spec"], before, document["status"])
        if refusal is not None:
            raise Refused(refusal)
        stored = self._store("BackgroundJob", document, "MODIFIED")
        self._raise(lost)
        return stored

    async def delete_background_job(self, key: ObjectKey, uid: str) -> None:
        lost = self._enter("delete_background_job")
        self._delete("BackgroundJob", key.namespace, key.name, uid)
        self._raise(lost)

    async def emit(self, event: EmitEvent) -> None:
        lost = self._enter("emit")
        name = event_name(event.owner.name, event.uid, event.identity)
        if name in self.events:
            raise AlreadyExists(name)
        self.events[name] = event
        self._raise(lost)

    # Inside

    def _enter(self, call: str) -> ClusterError | None:
        """Note the call; raise its fault, or return it to be raised after the call took effect."""
        self.calls.append(call)
        for index, (name, error, takes_effect) in enumerate(self.faults):
            if name == call:
                del self.faults[index]
                if takes_effect:
                    return error
                raise error
        return None

    def _raise(self, error: ClusterError | None) -> None:
        if error is not None:
            raise error

    def _metadata(self, name: str, namespace: str, uid: str) -> Document:
        return {
            "name": name,
            "namespace": namespace,
            "uid": uid,
            "creationTimestamp": format_time(self.now),
            "generation": 1,
        }

    def _store(self, kind: str, document: Document, event_type: str) -> Document:
        document["metadata"]["resourceVersion"] = str(next(self._versions))
        metadata = document["metadata"]
        self.objects[kind][(metadata["namespace"], metadata["name"])] = document
        self.watch.append((kind, event_type, copy.deepcopy(document)))
        return copy.deepcopy(document)

    def _get(self, kind: str, namespace: str, name: str) -> Document:
        try:
            return copy.deepcopy(self.objects[kind][(namespace, name)])
        except KeyError:
            raise NotFound(f"{kind} {namespace}/{name}") from None

    def _delete(self, kind: str, namespace: str, name: str, uid: str) -> None:
        if self._get(kind, namespace, name)["metadata"]["uid"] != uid:
            raise Conflict(f"{kind} {namespace}/{name} has another uid")
        self.remove(kind, namespace, name)

    def _job(self, name: str) -> Document:
        return next(job for (_, known), job in self.objects["Job"].items() if known == name)

    def _stop_pod(self, pod: Document) -> None:
        """As a kubelet does: the pod is terminal, then gone."""
        state = pod["status"]["containerStatuses"][0]["state"]
        if "terminated" not in state:
            reason, code = ("Error", 143) if "running" in state else ("ContainerStatusUnknown", 137)
            end = {"reason": reason, "exitCode": code, "finishedAt": format_time(self.now)}
            pod = copy.deepcopy(pod)
            pod["metadata"]["deletionTimestamp"] = format_time(self.now)
            pod["status"] = {
                "phase": "Failed",
                "containerStatuses": [{"name": "runner", "state": {"terminated": end}}],
            }
            self._store("Pod", pod, "MODIFIED")
        self.remove("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])

    def _write_pod(self, job_name: str, phase: str, state: Mapping[str, Any]) -> None:
        job = self._job(job_name)
        namespace, uid = job["metadata"]["namespace"], job["metadata"]["uid"]
        known = self.objects["Pod"].get((namespace, f"{job_name}-pod"))
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job_name, "uid": uid, "controller": True}
        pod = (
            copy.deepcopy(known)
            if known
            else {"metadata": self._metadata(f"{job_name}-pod", namespace, f"pod-of-{uid}")}
        )
        pod["metadata"] |= {"ownerReferences": [owner], "labels": job["metadata"]["labels"]}
        pod |= {
            "spec": {"nodeName": "node1"},
            "status": {"phase": phase, "containerStatuses": [{"name": "runner", "state": dict(state)}]},
        }
        self._store("Pod", pod, "MODIFIED" if known else "ADDED")


def terminated_state(
    owner: Mapping[str, str],
    now: datetime,
    outcome: ReceiptOutcome | None,
    exit_code: int,
    **receipt: Any,
) -> Document:
    """A container's `terminated`, with a receipt unless `outcome` is None. `owner` are the Job's labels."""
    message = {}
    if outcome is not None:
        number = int(owner[labels.ATTEMPT_LABEL])
        text = Receipt(uid=owner[labels.UID_LABEL], attempt=number, outcome=outcome, **receipt).to_json()
        message = {"message": text}
    failed = exit_code != 0 or outcome not in (None, ReceiptOutcome.SUCCEEDED)
    return {
        "exitCode": exit_code,
        "reason": "Error" if failed else "Completed",
        "startedAt": format_time(now - timedelta(seconds=1)),
        "finishedAt": format_time(now),
        **message,
    }


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
