"""The node of the inline backend: runs one pod after the other, in the thread that asks for it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from backgroundjob.api import labels
from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.local import documents
from backgroundjob_operator.local.inline_attempt import INTERRUPTIONS, AttemptLog, run_attempt
from backgroundjob_operator.local.objects import Objects
from backgroundjob_operator.local.secret_files import CONFIG_ERROR, ReadKey, SecretMissing, secret_params
from backgroundjob_operator.local.supervisor import NODE_SHUTDOWN
from backgroundjob_runner import receipts
from backgroundjob_runner.contract import ExitCode, Invocation

_AttemptId = tuple[str, int]
"""Uid of the BackgroundJob and number."""


class InlineNode:
    """Pods of `objects` in the order of their creation. What a kubelet and the Job controller would do."""

    def __init__(self, objects: Objects, clock: Callable[[], datetime], read_key: ReadKey) -> None:
        self._objects = objects
        self._clock = clock
        self._read_key = read_key
        self._pods: dict[str, Document] = {}
        """Those that have not ended, by uid."""
        self._logs: dict[_AttemptId, AttemptLog] = {}
        self.provided: dict[type, object] = {}
        """Objects to use instead of a new one of their class."""

    def logs_of(self, uid: str) -> Mapping[int, AttemptLog]:
        """Logs of a BackgroundJob by the number of the attempt."""
        return {number: log for (owner, number), log in list(self._logs.items()) if owner == uid}

    def pod_seen(self, event_type: str, pod: Document) -> None:
        """Take in a version of a pod."""
        uid = pod["metadata"]["uid"]
        if event_type == "DELETED":
            self._pods.pop(uid, None)
            self._logs.pop(_attempt_id(pod), None)
        elif not documents.is_settled(pod):
            self._pods[uid] = pod
        else:
            self._pods.pop(uid, None)
            if "deletionTimestamp" in pod["metadata"]:
                self._objects.remove(uid)  # the deletion waited for the end

    def step(self) -> bool:
        """Bring the first pod that can get further one step further. Whether there was one."""
        return any(self._step(pod) for pod in list(self._pods.values()))

    def _step(self, pod: Document) -> bool:
        if "deletionTimestamp" in pod["metadata"]:
            self._conclude(pod, {"neverStarted": True})
            return True
        try:
            secrets = secret_params(pod, self._read_key)
        except SecretMissing as missing:
            text = str(missing)
            waiting = documents.waiting(pod, CONFIG_ERROR, text)
            if waiting["status"] == pod["status"]:
                return False
            self._write(pod, lambda now: documents.waiting(now, CONFIG_ERROR, text))
            return True
        if pod["status"]["phase"] == "Pending":
            # Seen first by the engine: the status says Running while it runs, and a late cancel counts.
            self._write(pod, lambda now: documents.running(now, self._timestamp))
            return True
        self._run(pod, secrets)
        return True

    def _run(self, pod: Document, secrets: Mapping[str, bytes]) -> None:
        invocation = Invocation.from_json(pod["metadata"]["annotations"][labels.INVOCATION_ANNOTATION])
        log = self._logs[invocation.uid, invocation.attempt] = AttemptLog()
        try:
            receipt = run_attempt(invocation, secrets, self.provided, log)
        except INTERRUPTIONS:
            # Nobody's fault, as on a node that shuts down: it is not charged, and tried again.
            self._conclude(pod, {"exitCode": ExitCode.TERMINATED.value, "stopped": NODE_SHUTDOWN})
            raise
        self._conclude(pod, {"exitCode": receipts.exit_code(receipt).value}, receipt.to_json())

    @property
    def _timestamp(self) -> float:
        return self._clock().timestamp()

    def _conclude(self, pod: Document, how: dict[str, Any], receipt: str = "") -> None:
        end = {"started": self._timestamp, "time": self._timestamp, **how}
        after = documents.ended(pod, end, receipt)
        self._objects.modify(
            {
                pod["metadata"]["uid"]: lambda now: documents.ended(now, end, receipt),
                documents.job_uid(pod): lambda job: documents.job_ended(job, after, self._clock()),
            }
        )

    def _write(self, pod: Document, change: Callable[[Document], Document]) -> None:
        self._objects.modify({pod["metadata"]["uid"]: change})


_NO_ATTEMPT: Final = ("", 0)


def _attempt_id(pod: Document) -> _AttemptId:
    given = pod["metadata"].get("labels") or {}
    try:
        return given[labels.UID_LABEL], int(given[labels.ATTEMPT_LABEL])
    except KeyError:
        return _NO_ATTEMPT
