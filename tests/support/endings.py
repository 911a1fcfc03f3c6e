"""Recorded endings as watch events of our own Jobs and Pods. See tests/data/endings/README.md."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from backgroundjob.api import labels
from backgroundjob_operator.engine.observation import (
    AttemptRecord,
    EventType,
    JobRecord,
    PodRecord,
    observe_job,
    observe_pod,
)
from backgroundjob_operator.engine.outcome import Undecided, Verdict, classify
from backgroundjob_operator.engine.record import parse_time
from backgroundjob_runner.contract import ExceptionDigest, FailureKind, Receipt, ReceiptOutcome

ENDINGS = Path(__file__).parent.parent / "data" / "endings"
UID = "5f0c3a52-0000-4000-8000-0000000000bb"
"""Uid of the BackgroundJob that every recorded Job belongs to."""
NODE_LOST_GRACE_SECONDS = 300
_INVOCATION = "x/invocation"
_OUTCOMES = {
    "succeeded": ReceiptOutcome.SUCCEEDED,
    "failed": ReceiptOutcome.FAILED,
    "cancelled": ReceiptOutcome.TERMINATED,
}


@dataclass(frozen=True)
class Event:
    """One watch event, as an informer would hand it on."""

    time: datetime
    kind: str
    type: EventType
    document: dict[str, Any]

    @property
    def uid(self) -> str:
        return str(self.document["metadata"]["uid"])


@dataclass(frozen=True)
class Recording:
    """The events of one attempt, in order of arrival."""

    name: str
    number: int
    events: tuple[Event, ...]


@dataclass
class Watcher:
    """What an operator that saw these events knows."""

    number: int
    job: JobRecord | None = None
    pods: dict[str, PodRecord] = field(default_factory=dict)
    now: datetime | None = None

    def see(self, event: Event) -> "Watcher":
        self.now = event.time if self.now is None else max(self.now, event.time)
        if event.kind == "Job":
            self.job = observe_job(self.job, event.type, event.document, seen_time=self.now)
        else:
            before = self.pods.get(event.uid)
            self.pods[event.uid] = observe_pod(before, event.type, event.document, seen_time=self.now)
        return self

    @property
    def attempt(self) -> AttemptRecord:
        return AttemptRecord(self.job, tuple(self.pods.values()))

    def say(
        self,
        *,
        later: timedelta = timedelta(),
        grace_seconds: int = NODE_LOST_GRACE_SECONDS,
        cancel: bool = False,
    ) -> Verdict | Undecided:
        assert self.now is not None
        return classify(
            self.attempt,
            uid=UID,
            number=self.number,
            now=self.now + later,
            node_lost_grace_seconds=grace_seconds,
            cancel_requested=cancel,
        )


@cache
def expected() -> dict[str, dict[str, Any]]:
    """The verdict of each recording, by name."""
    return cast("dict[str, dict[str, Any]]", yaml.safe_load((ENDINGS / "expected.yaml").read_text()))


@cache
def recording(name: str) -> Recording:
    """`<case>`, or `<case>/2` for the second Job of its name."""
    case, _, ordinal = name.partition("/")
    number = int(ordinal or 1)
    jobs, pods = _objects(case, "job"), _objects(case, "pod")
    job_uid = _by_creation(jobs)[number - 1]["metadata"]["uid"]
    lines = [json.loads(line) for line in (ENDINGS / case / "events.jsonl").read_text().splitlines()]
    events = []
    generation = 0
    for line in lines:
        if line.get("kind") == "Job" and line["type"] == "ADDED":
            generation += 1
        if line["type"] not in ("ADDED", "MODIFIED", "DELETED", "LISTED"):
            continue
        if line.get("kind") == "Job":
            base = _by_creation(jobs)[generation - 1]
        elif line.get("kind") == "Pod":
            base = next(pod for pod in pods if pod["metadata"]["name"] == line["name"])
        else:
            continue
        if job_uid in (base["metadata"]["uid"], base["metadata"]["labels"].get("controller-uid")):
            events.append(_event(line, base, number))
    return Recording(name, number, tuple(events))


def translated(message: str, invocation: str, number: int) -> str:
    """A recorded receipt as the runner would have written it; anything else stays what it is."""
    try:
        document = json.loads(message)
    except ValueError:
        return message
    if not isinstance(document, dict) or document.get("invocation") != invocation:
        return message
    outcome = _OUTCOMES.get(document.get("outcome", ""))
    if outcome is None:
        return message
    failed = outcome is ReceiptOutcome.FAILED
    return Receipt(
        uid=UID,
        attempt=number,
        outcome=outcome,
        failure=FailureKind.APP_ERROR if failed else None,
        exception=ExceptionDigest(type=document.get("error", "Exception")) if failed else None,
    ).to_json()


def _event(line: dict[str, Any], base: dict[str, Any], number: int) -> Event:
    meta = base["metadata"]
    metadata = {
        "name": meta["name"],
        "namespace": meta["namespace"],
        "uid": meta["uid"],
        "creationTimestamp": meta["creationTimestamp"],
        "resourceVersion": line["rv"],
        "labels": {labels.UID_LABEL: UID, labels.ATTEMPT_LABEL: str(number)},
    }
    if "deletionTimestamp" in line:
        metadata["deletionTimestamp"] = line["deletionTimestamp"]
    status = json.loads(json.dumps(line.get("status") or {}))
    spec = dict(base["spec"])
    if line["kind"] == "Pod":
        spec["nodeName"] = line.get("nodeName")
        invocation = meta["annotations"][_INVOCATION]
        for container in status.get("containerStatuses", ()):
            end = container["state"].get("terminated")
            if end and "message" in end:
                end["message"] = translated(end["message"], invocation, number)
    kind: EventType = "ADDED" if line["type"] == "LISTED" else line["type"]
    document = {"kind": line["kind"], "metadata": metadata, "spec": spec, "status": status}
    return Event(parse_time(line["ts"]), line["kind"], kind, document)


def _objects(case: str, kind: str) -> list[dict[str, Any]]:
    names = (f"{kind}.json", f"{kind}-2.json")
    files = [ENDINGS / case / name for name in names]
    return [json.loads(file.read_text()) for file in files if file.exists()]


def _by_creation(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(objects, key=lambda one: int(one["metadata"]["resourceVersion"]))
