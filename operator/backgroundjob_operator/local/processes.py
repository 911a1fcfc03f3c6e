"""The node: turns pods into processes, and what becomes of the processes into pods and Jobs.

Looks at the attempts' folders a few times a second, whether this engine started the processes or one that
has died since: there is one way to learn of an end. Decides nothing about retries.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from backgroundjob.api import labels
from backgroundjob_operator.cluster.port import Document, NotFound
from backgroundjob_operator.engine.record import parse_time
from backgroundjob_operator.local import documents
from backgroundjob_operator.local.attempt_files import AttemptFiles, has_ended, reap_later
from backgroundjob_operator.local.joblog import JobLog
from backgroundjob_operator.local.node_attempt import NodeAttempt
from backgroundjob_operator.local.objects import Objects
from backgroundjob_operator.local.secret_files import (
    CONFIG_ERROR,
    SecretFiles,
    SecretMissing,
    secret_params,
)
from backgroundjob_operator.local.state import StateDirectory
from backgroundjob_operator.local.supervisor import EXIT_NOT_OURS, NODE_SHUTDOWN

LOOK_SECONDS: Final = 0.05
_PROBE_SECONDS: Final = 1.0
"""How often the supervisor of an attempt that another engine started is checked to be alive."""
_STOP_MARGIN_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class Node:
    """Runs the pods in `objects`. `changed` is told after every write."""

    def __init__(
        self,
        objects: Objects,
        state: StateDirectory,
        job_log: JobLog,
        *,
        clock: Callable[[], datetime],
        working_directory: Path,
        changed: Callable[[], None],
    ) -> None:
        self._objects = objects
        self._state = state
        self._secrets = SecretFiles(state.secrets)
        self._job_log = job_log
        self._clock = clock
        self._working_directory = working_directory
        self._changed = changed
        self._attempts: dict[str, NodeAttempt] = {}
        self._leaving: list[NodeAttempt] = []
        """Concluded; their supervisors are about to exit."""

    @property
    def running_count(self) -> int:
        """Pods that have a process."""
        return sum(not attempt.lacks for attempt in self._attempts.values())

    def clean(self) -> None:
        """Drop folders of attempts that are no more, before the first pod is seen."""
        pods = self._objects.list("Pod")
        needed = {pod["metadata"]["uid"] for pod in pods if not documents.is_settled(pod)}
        for folder in self._state.attempts.iterdir():
            if folder.name not in needed:
                AttemptFiles(folder).remove()

    def pod_seen(self, event_type: str, pod: Document) -> None:
        """Take in a version of a pod: a new one, one of an earlier engine, or one to be deleted."""
        uid = pod["metadata"]["uid"]
        attempt = self._attempts.get(uid)
        is_deleting = "deletionTimestamp" in pod["metadata"]
        if attempt is not None:
            attempt.is_stop_wanted = attempt.is_stop_wanted or is_deleting
        elif event_type == "DELETED":
            with contextlib.suppress(PermissionError):  # Windows keeps files that are open
                self._state.attempt_log(pod["metadata"]["namespace"], documents.job_name(pod)).unlink(
                    missing_ok=True
                )
        elif documents.is_settled(pod):
            if is_deleting:
                self._objects.remove(uid)  # the deletion waited for the end
                self._changed()
        else:
            self._attempts[uid] = self._attempt(pod)
            self._look_at(self._attempts[uid])

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Look at every attempt once."""
        for uid in list(self._attempts):
            self._look_at(self._attempts[uid])
        for attempt in self._leaving:
            if attempt.process is None or attempt.process.poll() is not None:
                attempt.files.remove()
        self._leaving = [one for one in self._leaving if one.files.folder.exists()]

    def leave(self) -> None:
        """Let go of what still runs."""
        for attempt in [*self._attempts.values(), *self._leaving]:
            if attempt.process is not None:
                reap_later(attempt.process)

    async def stop_all(self, grace_seconds: int) -> None:
        """End every attempt as a node that shuts down does: nobody's fault, so it is tried again."""
        # What waits for a Secret has no process to end; the next engine takes it up.
        self._attempts = {uid: attempt for uid, attempt in self._attempts.items() if not attempt.lacks}
        for attempt in self._attempts.values():
            attempt.files.request_stop(NODE_SHUTDOWN, grace_seconds)
            attempt.is_stop_asked = True
        end = time.monotonic() + grace_seconds + _STOP_MARGIN_SECONDS
        while self._attempts and time.monotonic() < end:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def _attempt(self, pod: Document) -> NodeAttempt:
        metadata = pod["metadata"]
        return NodeAttempt(
            pod=pod,
            job_uid=documents.job_uid(pod),
            files=AttemptFiles(self._state.attempts / metadata["uid"]),
            log=self._state.attempt_log(metadata["namespace"], documents.job_name(pod)),
            backstop=self._backstop(pod),
            is_shown_running=pod["status"]["phase"] == "Running",
            is_stop_wanted="deletionTimestamp" in metadata,
        )

    def _backstop(self, pod: Document) -> datetime | None:
        try:
            job = self._objects.get("Job", pod["metadata"]["namespace"], documents.job_name(pod))
        except NotFound:
            return None  # deleted: so is the pod
        seconds = job["spec"]["activeDeadlineSeconds"]
        return parse_time(job["status"]["startTime"]) + timedelta(seconds=seconds)

    def _spawn(self, attempt: NodeAttempt) -> None:
        invocation = attempt.pod["metadata"]["annotations"][labels.INVOCATION_ANNOTATION]
        try:
            secrets = secret_params(attempt.pod, self._secrets.read)
            attempt.lacks = ""
            attempt.files.prepare(invocation, secrets, attempt.log, self._working_directory)
            attempt.process = attempt.files.spawn(documents.environment(attempt.pod), attempt.log)
        except SecretMissing as missing:
            if attempt.lacks != (text := str(missing)):
                attempt.lacks = text
                self._write(attempt, lambda pod: documents.waiting(pod, CONFIG_ERROR, text))
        except OSError as error:
            self._conclude(attempt, {"startError": str(error), "time": time.time()})

    def _look_at(self, attempt: NodeAttempt) -> None:
        end = attempt.files.end()
        if end is None and self._is_alone(attempt):
            # It may have written its last word between our two looks.
            end = attempt.files.end() or self._unwitnessed(attempt)
        started = attempt.files.started() if not attempt.is_shown_running else None
        if started is not None and end is None:
            attempt.is_shown_running = True
            self._write(attempt, lambda pod: documents.running(pod, started["time"]))
        self._job_log.copy(attempt.log, attempt.files.folder, is_over=end is not None)
        if end is not None:
            self._conclude(attempt, end)
        else:
            self._stop_if_wanted(attempt)

    def _stop_if_wanted(self, attempt: NodeAttempt) -> None:
        now = self._clock()
        if attempt.backstop is not None and now >= attempt.backstop and not attempt.is_stop_wanted:
            attempt.is_stop_wanted = True
            self._write(attempt, lambda pod: documents.deleting(pod, now))
            self._objects.modify({attempt.job_uid: lambda job: documents.job_over_deadline(job, now)})
        if attempt.is_stop_wanted and not attempt.is_stop_asked:
            attempt.is_stop_asked = True
            if attempt.lacks:
                self._conclude(attempt, {"neverStarted": True})
                return
            attempt.files.request_stop("Deleted", attempt.pod["spec"]["terminationGracePeriodSeconds"])

    def _is_alone(self, attempt: NodeAttempt) -> bool:
        """Whether the attempt has no supervisor that will tell its end."""
        if attempt.process is not None:
            code = attempt.process.poll()
            if code != EXIT_NOT_OURS:
                return code is not None
            attempt.process = None  # one that a former engine started was faster
        if time.monotonic() < attempt.probe_at:
            return False
        attempt.probe_at = time.monotonic() + _PROBE_SECONDS
        return not attempt.files.is_supervised

    def _unwitnessed(self, attempt: NodeAttempt) -> dict[str, Any] | None:
        """The end of an attempt without a supervisor; None while its process may still run."""
        if not attempt.files.is_claimed:
            if attempt.process is not None:
                return {"startError": f"its supervisor did not start: see {attempt.log}", "time": time.time()}
            self._spawn(attempt)
            return None
        started = attempt.files.started()
        if attempt.files.receipt() or (started is not None and has_ended(started["pid"])):
            return {"lost": True, "started": (started or {}).get("time"), "time": time.time()}
        if not attempt.is_silent:
            attempt.is_silent = True
            _log.warning(
                "%s: its supervisor was killed; the job may still run", documents.job_name(attempt.pod)
            )
            self._write(attempt, lambda pod: documents.silent(pod, self._clock()))
        return None

    def _conclude(self, attempt: NodeAttempt, end: dict[str, Any]) -> None:
        uid, receipt = attempt.pod["metadata"]["uid"], attempt.files.receipt()

        def pod_after(pod: Document) -> Document:
            return documents.ended(pod, end, receipt)

        # The exit code says which condition the Job gets, so it is known without reading the pod again.
        after = pod_after(attempt.pod)
        self._objects.modify(
            {uid: pod_after, attempt.job_uid: lambda job: documents.job_ended(job, after, self._clock())}
        )
        attempt.files.remove_secrets()
        del self._attempts[uid]
        self._leaving.append(attempt)
        self._changed()

    def _write(self, attempt: NodeAttempt, change: Callable[[Document], Document]) -> None:
        self._objects.modify({attempt.pod["metadata"]["uid"]: change})
        self._changed()
