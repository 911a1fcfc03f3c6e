"""The cluster: its API server, our CRD, the operator and its Lease, and what this user may do."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from backgroundjob.api.labels import CRD_NAME, OPERATOR_NAME, VERSION
from backgroundjob.doctor.answers import Answer, Unread, judged, unread
from backgroundjob.doctor.check import Check, ok, problem, warning
from backgroundjob.durations import human, parsed_time

API_SERVER: Final = "API server"
CRD: Final = "CRD"
OPERATOR: Final = "operator"
LEASE: Final = "Lease"
PERMISSIONS: Final = "permissions"
OLDEST_KUBERNETES: Final = (1, 30)
"""ValidatingAdmissionPolicy is v1 since then."""
_APPLY: Final = "bgjob crd | kubectl apply --server-side -f -"
_DIFFERENCES_SHOWN: Final = 3
_LEASE_SECONDS: Final = 15
_OPERATOR_LOG: Final = f"kubectl logs deployment/{OPERATOR_NAME} --namespace"


def version_check(answer: Answer, server: str) -> Check:
    """Whether the API server is one that the chart supports."""
    if isinstance(answer, Unread):
        return unread(API_SERVER, "/version", answer)
    text = str(answer.get("gitVersion") or "of unknown version")
    found = re.match(r"v?(\d+)\.(\d+)", text)
    if found and (int(found[1]), int(found[2])) < OLDEST_KUBERNETES:
        oldest = ".".join(map(str, OLDEST_KUBERNETES))
        return problem(
            API_SERVER, f"{server}: Kubernetes {text} is older than {oldest}", "update the cluster"
        )
    return ok(API_SERVER, f"{server}: Kubernetes {text}")


def crd_check(answer: Answer, discovery: Answer, own: Mapping[str, Any]) -> Check:
    """Whether the CRD is there, served, and that of this client. Who may not read it asks discovery."""
    absent = problem(CRD, f"{CRD_NAME} is not there", f"install the chart, or: {_APPLY}")
    what = f"CustomResourceDefinition {CRD_NAME}"
    if isinstance(answer, Unread) and answer.is_forbidden:
        served = not isinstance(discovery, Unread)
        return unread(CRD, f"{what}; it is served", answer) if served else absent
    return judged(CRD, what, answer, absent, lambda document: _crd_verdict(document, own))


def _crd_verdict(document: Mapping[str, Any], own: Mapping[str, Any]) -> Check:
    conditions = (document.get("status") or {}).get("conditions") or ()
    if not any(one.get("type") == "Established" and one.get("status") == "True" for one in conditions):
        return problem(CRD, f"{CRD_NAME} is not established", f"kubectl describe crd {CRD_NAME}")
    versions = {one.get("name"): one for one in document["spec"].get("versions") or ()}
    found, wanted = versions.get(VERSION), own["spec"]["versions"][0]
    if found is None or not found.get("served"):
        return problem(
            CRD, f"it does not serve {VERSION}, which this client speaks", "update the older of both"
        )
    differences = sorted(different(wanted, found))
    if not differences:
        return ok(CRD, f"{VERSION} is that of this client")
    shown = ", ".join(path for path, _ in differences[:_DIFFERENCES_SHOWN])
    more = len(differences) - _DIFFERENCES_SHOWN
    text = f"it differs from this client's in {shown}" + (f" and {more} more" if more > 0 else "")
    step = f"update the older of both; the cluster: {_APPLY}"
    return (problem if any(is_missing for _, is_missing in differences) else warning)(CRD, text, step)


def different(wanted: Any, found: Any, path: str = "") -> Iterator[tuple[str, bool]]:
    """Paths at which they differ, and whether a field of the first is missing in the second."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key in {**wanted, **found}:
            # Where fields are listed, a missing one is refused or dropped by the API server.
            if key not in found or key not in wanted:
                yield _shown(f"{path}.{key}"), key not in found and path.endswith(".properties")
            else:
                yield from different(wanted[key], found[key], f"{path}.{key}")
    elif wanted != found:
        yield _shown(path), False


def _shown(path: str) -> str:
    return path.removeprefix(".schema.openAPIV3Schema").replace(".properties", "").lstrip(".") or "the schema"


def deployment_check(answer: Answer, place: str, own_version: str) -> Iterator[Check]:
    """Whether the operator runs, and whether it is of this client's version."""
    what = f"Deployment {OPERATOR_NAME} in {place}"
    elsewhere = "set BACKGROUNDJOB_SYSTEM_NAMESPACE to the operator's namespace, or install the chart"
    absent = problem(OPERATOR, f"there is no {what}", elsewhere)
    yield judged(OPERATOR, what, answer, absent, lambda document: _is_ready(document, place))
    if not isinstance(answer, Unread):
        yield _skew(answer, own_version)


def _is_ready(document: Mapping[str, Any], place: str) -> Check:
    wanted = int((document.get("spec") or {}).get("replicas", 1))
    ready = int((document.get("status") or {}).get("readyReplicas") or 0)
    text = f"{ready} of {wanted} replicas are ready"
    if ready:
        return (ok if ready >= wanted else warning)(OPERATOR, text, *_if(ready < wanted, place))
    if not wanted:
        scale = f"kubectl scale deployment/{OPERATOR_NAME} --namespace {place} --replicas 1"
        return problem(OPERATOR, "it is scaled to 0 replicas, so nothing runs", scale)
    return problem(OPERATOR, text, f"kubectl describe deployment/{OPERATOR_NAME} --namespace {place}")


def _if(is_short: bool, place: str) -> tuple[str, ...]:
    return (f"kubectl get pods --namespace {place}",) if is_short else ()


def _skew(document: Mapping[str, Any], own_version: str) -> Check:
    found = _operator_version(document)
    if not found:
        return warning("version", f"the operator's is unknown; this client is {own_version}")
    text = f"operator {found}, this client {own_version}"
    if found.split(".")[:2] == own_version.split(".")[:2]:
        return ok("version", text)
    return warning("version", text, f"update the older of both: pip install 'backgroundjob[client]=={found}'")


def _operator_version(document: Mapping[str, Any]) -> str:
    labels = (document.get("metadata") or {}).get("labels") or {}
    pod = ((document.get("spec") or {}).get("template") or {}).get("spec") or {}
    images = [str(container.get("image") or "") for container in pod.get("containers") or ()]
    tags = [
        image.rpartition(":")[2] for image in images if ":" in image.rpartition("/")[2] and "@" not in image
    ]
    return str(labels.get("app.kubernetes.io/version") or next(iter(tags), ""))


def lease_place(deployment: Answer, place: str) -> tuple[str, str] | None:
    """Namespace and name of the Lease that this operator contends for; None when it uses none."""
    if isinstance(deployment, Unread):
        return place, OPERATOR_NAME
    pod = ((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}
    given = [item for container in pod.get("containers") or () for item in container.get("env") or ()]
    values = {item.get("name"): str(item.get("value") or "") for item in given}
    if "BACKGROUNDJOB_LEASE" not in values:
        return None
    return values.get("BACKGROUNDJOB_LEASE_NAMESPACE") or place, values["BACKGROUNDJOB_LEASE"]


def lease_check(answer: Answer, where: tuple[str, str], now: datetime) -> Check:
    """Whether an operator leads now."""
    place, name = where
    step = f"{_OPERATOR_LOG} {place}"
    absent = problem(LEASE, f"there is no Lease {name} in {place}: no operator leads", step)

    def judge(document: Mapping[str, Any]) -> Check:
        spec = document.get("spec") or {}
        holder, renewed = str(spec.get("holderIdentity") or ""), parsed_time(spec.get("renewTime"))
        if not holder or renewed is None:
            return problem(LEASE, "nobody holds it: no operator leads", step)
        age = (now - renewed).total_seconds()
        text = f"{holder} holds it, renewed {human(age)} ago"
        # Twice the duration: this machine's clock may differ a little from the operator's.
        is_fresh = age <= 2 * int(spec.get("leaseDurationSeconds") or _LEASE_SECONDS)
        return ok(LEASE, text) if is_fresh else problem(LEASE, f"{text}: no operator leads", step)

    return judged(LEASE, f"Lease {name} in {place}", answer, absent, judge)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One thing that a command needs."""

    verb: str
    resource: str
    namespace: str
    group: str = ""
    subresource: str = ""
    name: str = ""

    def __str__(self) -> str:
        sub = f"/{self.subresource}" if self.subresource else ""
        return f"{self.verb} {self.resource}{sub}"


def permissions_check(asked: Sequence[tuple[Permission, Answer]], namespace: str) -> Check:
    """What this user may do in the namespace, and what not."""
    may, may_not = list[str](), list[str]()
    for permission, answer in asked:
        if isinstance(answer, Unread):
            return unread(PERMISSIONS, "an answer from selfsubjectaccessreviews", answer)
        allowed = bool((answer.get("status") or {}).get("allowed"))
        (may if allowed else may_not).append(str(permission))
    if not may_not:
        return ok(PERMISSIONS, f"in {namespace}: {', '.join(may)}")
    step = (
        "ask for a binding to backgroundjob-edit and backgroundjob-view, or backgroundjob-allow-list-reader"
    )
    return warning(PERMISSIONS, f"in {namespace} you may not: {', '.join(may_not)}", step)
