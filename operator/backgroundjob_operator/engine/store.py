"""Everything that was seen, indexed for the planner. Single-threaded; no I/O.

Level, not edges: events may repeat, arrive late or be missing, and a list replaces what it covers.
A version older than the one known is ignored, so write responses and watch events mix freely.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from backgroundjob.api import labels
from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_operator.engine.dependencies import dependency_keys
from backgroundjob_operator.engine.observation import (
    AttemptRecord,
    JobRecord,
    PodRecord,
    lost_job,
    observe_job,
    observe_pod,
)
from backgroundjob_operator.engine.ownership import background_job_uid, controller_uid
from backgroundjob_operator.engine.record import BackgroundJobRecord, parse_record
from backgroundjob_operator.engine.versions import Versions

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
Document = Mapping[str, Any]


class Store:
    """BackgroundJobs, their Jobs by attempt number, and the pods of those Jobs."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        """Stamps what is seen: waits after a deletion are counted from its sighting."""
        self.records: dict[ObjectKey, BackgroundJobRecord] = {}
        self.dirty: set[ObjectKey] = set()
        """Objects whose decision may be out of date; the planner takes from here."""
        self._keys_by_uid: dict[str, ObjectKey] = {}
        self._jobs: dict[str, dict[int, JobRecord]] = {}
        """By uid of the owning BackgroundJob, then attempt number."""
        self._owner_of_job: dict[str, tuple[str, int]] = {}
        self._pods: dict[str, dict[str, PodRecord]] = {}
        """By uid of the controlling Job, then of the pod."""
        self._job_of_pod: dict[str, str] = {}
        self._versions = Versions()
        self._dependents: dict[ObjectKey, set[ObjectKey]] = {}
        """By object that others name in dependsOn, which may not exist."""
        self._is_complete = False
        """Whether all objects were listed once: an owner that is unknown from then on is gone."""

    def apply_background_job(self, event_type: EventType, document: Document) -> None:
        """Take in one version of a BackgroundJob."""
        uid = document["metadata"]["uid"]
        if not self._versions.is_news(document):
            return
        if event_type == "DELETED":
            self._forget_object(uid)
            return
        record = parse_record(document)
        before = self.records.get(record.key)
        if before is not None and before.uid != uid:
            self._forget_object(before.uid)
        self.records[record.key] = record
        self._keys_by_uid[uid] = record.key
        self.dirty.add(record.key)
        for key in dependency_keys(record):
            self._dependents.setdefault(key, set()).add(record.key)
            if record.has_ended:
                self.dirty.add(key)  # it may have stayed for this one alone
        # A new object may close a circle, which is the end of everybody on it.
        self.dirty.update(self._all_dependents(record.key) if before is None else self.dependents(record.key))
        self._prune(record)

    def apply_response(self, document: Document) -> None:
        """Take in an object as a write returned it, unless its deletion was seen meanwhile."""
        if document["metadata"]["uid"] in self._keys_by_uid:
            self.apply_background_job("MODIFIED", document)

    def apply_job(self, event_type: EventType, document: Document) -> None:
        """Take in one version of a Job. Jobs that no BackgroundJob controls are not ours."""
        owner_uid = background_job_uid(document)
        number = document["metadata"].get("labels", {}).get(labels.ATTEMPT_LABEL, "")
        if owner_uid is None or not number.isdecimal() or not self._versions.is_news(document):
            return
        uid = document["metadata"]["uid"]
        if self._is_gone(owner_uid):
            self._forget_job(uid)
            return
        jobs = self._jobs.setdefault(owner_uid, {})
        before = jobs.get(int(number))
        if before is not None and before.uid != uid:
            if not before.is_deleted:
                return
            before = None
        jobs[int(number)] = observe_job(before, event_type, document, seen_time=self._clock())
        self._owner_of_job[uid] = (owner_uid, int(number))
        self._touch(owner_uid)

    def apply_pod(self, event_type: EventType, document: Document) -> None:
        """Take in one version of a pod. Its controlling Job makes it ours, never a label alone."""
        uid = document["metadata"]["uid"]
        # A Job deleted with propagationPolicy Orphan leaves its pod without an owner, and still running.
        job_uid = controller_uid(document, "Job") or self._job_of_pod.get(uid)
        if job_uid is None or not self._versions.is_news(document):
            return
        if self._is_gone(document["metadata"].get("labels", {}).get(labels.UID_LABEL)):
            self._forget_pod(uid)
            return
        pods = self._pods.setdefault(job_uid, {})
        pods[uid] = observe_pod(pods.get(uid), event_type, document, seen_time=self._clock())
        self._job_of_pod[uid] = job_uid
        if job_uid not in self._owner_of_job:
            self._note_lost_job(lost_job(document, self._clock()))
        self._touch_job(job_uid)

    def replace_background_jobs(self, documents: Iterable[Document], list_version: int) -> None:
        """Take in a complete list: objects that it lacks were deleted unseen."""
        listed = self._take_all(documents, self.apply_background_job)
        self.keep_background_jobs(listed, list_version)

    def keep_background_jobs(self, uids: set[str], list_version: int) -> None:
        """Forget every object that is not among `uids` and is not newer than the list."""
        for uid in self._versions.lost(self._keys_by_uid, uids, list_version, None):
            self._forget_object(uid)
        self._is_complete = True
        for uid in [uid for uid in self._jobs if self._is_gone(uid)]:
            self._forget_jobs_of(uid)

    def replace_jobs(
        self, documents: Iterable[Document], list_version: int, namespace: str | None = None
    ) -> None:
        """Take in a complete list of Jobs, of one namespace or of all."""
        listed = self._take_all(documents, self.apply_job)
        for uid in self._versions.lost(self._owner_of_job, listed, list_version, namespace):
            self.job_gone(uid)

    def replace_pods(
        self, documents: Iterable[Document], list_version: int, namespace: str | None = None
    ) -> None:
        """Take in a complete list of pods, of one namespace or of all."""
        listed = self._take_all(documents, self.apply_pod)
        for uid in self._versions.lost(self._job_of_pod, listed, list_version, namespace):
            job_uid = self._job_of_pod[uid]
            pod = self._pods.get(job_uid, {}).get(uid)
            if pod is not None and not pod.is_deleted:
                self._pods[job_uid][uid] = pod.gone(self._clock())
                self._touch_job(job_uid)

    def job_gone(self, uid: str) -> None:
        """Note that a Job is known to be deleted, before its watch says so."""
        owner_uid, number = self._owner_of_job.get(uid, ("", 0))
        job = self._jobs.get(owner_uid, {}).get(number)
        if job is not None and job.uid == uid and not job.is_deleted:
            self._jobs[owner_uid][number] = job.gone(self._clock())
            self._touch(owner_uid)

    def background_job_gone(self, uid: str) -> None:
        """Note that an object is known to be deleted, before its watch says so."""
        self._forget_object(uid)

    def dependents(self, key: ObjectKey) -> set[ObjectKey]:
        """Objects that name this one in dependsOn."""
        return self._dependents.get(key, set())

    def _all_dependents(self, key: ObjectKey) -> set[ObjectKey]:
        """Objects that depend on this one, at once or through others."""
        found: set[ObjectKey] = set()
        ways = [key]
        while ways:
            news = self.dependents(ways.pop()) - found
            found |= news
            ways.extend(news)
        return found

    def attempts(self, record: BackgroundJobRecord) -> Mapping[int, AttemptRecord]:
        """What is known of the object's attempts, by number."""
        return {
            number: AttemptRecord(job=job, pods=tuple(self._pods.get(job.uid, {}).values()))
            for number, job in self._jobs.get(record.uid, {}).items()
        }

    def _take_all(self, documents: Iterable[Document], apply: Any) -> set[str]:
        listed = set()
        for document in documents:
            listed.add(document["metadata"]["uid"])
            apply("ADDED", document)
        return listed

    def _touch(self, owner_uid: str) -> None:
        key = self._keys_by_uid.get(owner_uid)
        if key is not None:
            self.dirty.add(key)

    def _touch_job(self, job_uid: str) -> None:
        self._touch(self._owner_of_job.get(job_uid, ("", 0))[0])

    def _note_lost_job(self, job: JobRecord | None) -> None:
        """Its pod may run on: the next attempt waits for that, also in a life that never saw the Job."""
        if job is not None and job.attempt not in self._jobs.get(job.owner_uid, {}):
            self._jobs.setdefault(job.owner_uid, {})[job.attempt] = job
            self._owner_of_job[job.uid] = (job.owner_uid, job.attempt)

    def _forget_object(self, uid: str) -> None:
        key = self._keys_by_uid.pop(uid, None)
        if key is None:
            return
        if self.records.get(key) is not None and self.records[key].uid == uid:
            for dependency in dependency_keys(self.records[key]):
                self._dependents.get(dependency, set()).discard(key)
                self.dirty.add(dependency)
            del self.records[key]
        self.dirty.add(key)
        self.dirty.update(self.dependents(key))
        self._forget_jobs_of(uid)

    def _is_gone(self, owner_uid: str | None) -> bool:
        """Whether that object was deleted: what the garbage collector does to its Jobs is no news then."""
        return self._is_complete and owner_uid is not None and owner_uid not in self._keys_by_uid

    def _forget_jobs_of(self, uid: str) -> None:
        for job in self._jobs.pop(uid, {}).values():
            self._forget_job(job.uid)

    def _forget_pod(self, uid: str) -> None:
        job_uid = self._job_of_pod.pop(uid, "")
        self._pods.get(job_uid, {}).pop(uid, None)
        if not self._pods.get(job_uid, True):
            del self._pods[job_uid]
        self._versions.forget(uid)

    def _forget_job(self, uid: str) -> None:
        self._owner_of_job.pop(uid, None)
        self._versions.forget(uid)
        for pod_uid in self._pods.pop(uid, {}):
            self._job_of_pod.pop(pod_uid, None)
            self._versions.forget(pod_uid)

    def _prune(self, record: BackgroundJobRecord) -> None:
        """Forget attempts that are written down and gone, so that memory follows what lives."""
        recorded = {int(one["number"]) for one in record.attempts if "outcome" in one}
        jobs = self._jobs.get(record.uid, {})
        for number in recorded & jobs.keys():
            attempt = AttemptRecord(
                job=jobs[number], pods=tuple(self._pods.get(jobs[number].uid, {}).values())
            )
            if jobs[number].is_deleted and not attempt.may_still_run:
                self._forget_job(jobs.pop(number).uid)
