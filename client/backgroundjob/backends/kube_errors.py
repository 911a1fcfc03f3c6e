"""What an error answer of the API server means to the caller. Pure: Status document in, error out."""

import re
from collections.abc import Mapping
from typing import Any

from backgroundjob.api.labels import CRD_NAME
from backgroundjob.errors import (
    AccessDenied,
    BackendUnavailable,
    BackgroundJobError,
    InvalidParams,
    InvalidSpec,
    NotAllowed,
    NotFound,
)

_DENIED = re.compile(
    r"ValidatingAdmissionPolicy '(?P<policy>[^']+)' with binding '[^']+' denied request: (?P<why>.*)",
    re.DOTALL,
)
_NO_ALLOW_LIST = "no params found for policy binding"
_ABOUT_PARAMS = re.compile(r"^(every key of )?(params|args|a parameter)\b")


def submit_error(http_status: int, status: Mapping[str, Any], target: str) -> BackgroundJobError | None:
    """The error of a refused create; None when it is not about what was submitted."""
    message = str(status.get("message") or "")
    denied = _DENIED.search(message)
    if denied is not None:
        return _denial(denied["policy"], denied["why"].strip(), target)
    if _NO_ALLOW_LIST in message:
        return NotAllowed(
            target, f"{target} cannot be checked: the operator's allow-list ConfigMap is missing"
        )
    if http_status == 413 or "request is too large" in message:
        return InvalidParams("params", "is too large for the API server")
    if http_status in {400, 422}:
        return _invalid(status, message)
    return None


def _denial(policy: str, why: str, target: str) -> BackgroundJobError:
    if policy.endswith("-shape"):
        if _ABOUT_PARAMS.match(why):
            return InvalidParams("", why)
        return InvalidSpec("", why)
    return NotAllowed(target, why)


def _invalid(status: Mapping[str, Any], message: str) -> BackgroundJobError:
    causes = (status.get("details") or {}).get("causes") or ()
    told = [(str(cause.get("field") or ""), str(cause.get("message") or "")) for cause in causes]
    field, problem = told[0] if told else ("", message)
    if len(told) > 1:
        problem += "".join(f"; {other} {text}" for other, text in told[1:])
    if re.match(r"spec\.(params|args)\b", field):
        return InvalidParams(field, problem)
    return InvalidSpec(field, problem)


def request_error(http_status: int, status: Mapping[str, Any], server: str) -> BackgroundJobError:
    """The error of any other answer."""
    message = str(status.get("message") or f"HTTP {http_status}")
    details = status.get("details") or {}
    if http_status == 401:
        return AccessDenied(
            "the credentials are missing or expired", "log in again, then: kubectl auth whoami"
        )
    if http_status == 403:
        return AccessDenied(message)
    if http_status == 404 and details.get("kind") in {"namespaces", "namespace"}:
        return NotFound("", str(details.get("name") or ""), "Namespace")
    if http_status == 404:
        return BackendUnavailable(
            "cluster",
            f"{server} does not know {CRD_NAME}",
            "install the chart, or at least the CRD: bgjob crd | kubectl apply -f -",
        )
    if http_status == 429:
        return BackendUnavailable(
            "cluster", f"{server} has too many requests: {message}", "try again in a few seconds"
        )
    return BackendUnavailable("cluster", f"{server} answered {http_status}: {message}")
