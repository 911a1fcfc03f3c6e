"""Builders: the Job of one attempt of EmailJob.send."""

from datetime import UTC, datetime
from typing import Any

from backgroundjob.api.config import Times, parse_config
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob_operator.engine.catalogue import Admitted, admit
from backgroundjob_operator.engine.manifest import job_manifest
from backgroundjob_operator.engine.record import BackgroundJobRecord, parse_record
from backgroundjob_runner.contract import Invocation
from world import settings

ENTRY = {
    "target": "jobs.email:EmailJob.send",
    "params": {"properties": {"to": {}, "password": {}, "token": {}}},
    "loggable": ["to"],
}


def record(**spec: Any) -> BackgroundJobRecord:
    """EmailJob.send as the API server stores it."""
    return parse_record(
        {
            "metadata": {
                "name": "mail",
                "namespace": "shop",
                "uid": "0b5c",
                "resourceVersion": "7",
                "generation": 1,
                "creationTimestamp": datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
            },
            "spec": {"class": "EmailJob", "method": "send", "params": {"to": "a@example.org"}, **spec},
        }
    )


def admission(seen: BackgroundJobRecord) -> Admitted:
    """The admitted object."""
    assert isinstance(seen.spec, BackgroundJobSpec)
    answer = admit(seen.spec, "shop", settings({"EmailJob.send": ENTRY}))
    assert isinstance(answer, Admitted), answer
    return answer


def manifest(
    profile: dict[str, Any] | None = None, attempt: int = 1, times: Times | None = None, **spec: Any
) -> dict[str, Any]:
    """The Job under the profile `default` with these fields."""
    seen = record(**spec)
    config = parse_config({"profiles": {"default": {"image": "runner:1", **(profile or {})}}})
    return job_manifest(seen, admission(seen), attempt, config.profile("default"), times or Times())


def pod(**options: Any) -> dict[str, Any]:
    """The same Job's pod spec."""
    spec: dict[str, Any] = manifest(**options)["spec"]["template"]["spec"]
    return spec


def invocation(job: dict[str, Any]) -> Invocation:
    """What the runner will read."""
    annotations = job["spec"]["template"]["metadata"]["annotations"]
    return Invocation.from_json(annotations["backgroundjob.dev/invocation"])
