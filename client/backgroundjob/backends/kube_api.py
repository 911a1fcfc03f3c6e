"""HTTP to the API server through the official client: raw bytes out, errors of our own.

The generated methods of that client parse each answer with `json.loads`, which one object nested
a few thousand levels deep makes fail for a whole LIST. So answers are read raw here and parsed
with a bound on depth.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from backgroundjob.api.json_depth import bounded
from backgroundjob.backends.kube_config import Connection
from backgroundjob.backends.kube_errors import request_error
from backgroundjob.errors import BackendUnavailable

CONNECT_TIMEOUT_SECONDS: Final = 5.0
READ_TIMEOUT_SECONDS: Final = 30.0
_LONGEST_REASON_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class ApiError(Exception):
    """An answer of 400 or above. Stays inside the backend; see kube_errors for what callers get."""

    http_status: int
    status: Mapping[str, Any]
    """The `Status` document; only `message` when the answer was none."""


class KubeApi:
    """Requests with the credentials of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._client = connection.api_client

    @property
    def server(self) -> str:
        """Address of the API server, for messages."""
        return str(self._client.configuration.host)

    def json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
    ) -> dict[str, Any]:
        """One request, its answer parsed. Raises ApiError, BackendUnavailable."""
        with self._open(method, path, query, body, read_timeout_seconds) as response:
            with self._reaching():
                data = response.read()
            parsed = _parsed(data)
        if not isinstance(parsed, dict):
            raise BackendUnavailable(
                "cluster", f"{self.server} answered something that is no Kubernetes object"
            )
        return parsed

    def lines(
        self, path: str, *, query: Mapping[str, Any], read_timeout_seconds: float | None = None
    ) -> Iterator[bytes]:
        """Lines of a streamed answer as they come. Raises ApiError, BackendUnavailable."""
        with self._open("GET", path, query, None, read_timeout_seconds) as response, self._reaching():
            pending = b""
            for chunk in response.stream(2**16):
                *complete, pending = (pending + chunk).split(b"\n")
                yield from complete
            if pending:
                yield pending

    def error(self, error: ApiError) -> Exception:
        """The public error of an answer that has no special meaning to the caller."""
        return request_error(error.http_status, error.status, self.server)

    @contextmanager
    def _open(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        read_timeout_seconds: float | None,
    ) -> Iterator[Any]:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Accept": "application/json"} | ({"Content-Type": kind} if body else {})
        with self._reaching():
            request = self._client.param_serialize(
                method, path, None, list((query or {}).items()), headers, body, auth_settings=["BearerToken"]
            )
            answer = self._client.call_api(
                *request, _request_timeout=(CONNECT_TIMEOUT_SECONDS, read_timeout_seconds)
            )
            response = answer.response
        try:
            if response.status >= 400:
                with self._reaching():
                    data = response.read()
                raise ApiError(response.status, _status_document(data))
            yield response
        finally:
            response.close()  # a watch given up half-way must not go back to the pool
            response.release_conn()

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        import urllib3  # noqa: PLC0415  comes with the kubernetes client
        from kubernetes.client.exceptions import OpenApiException  # noqa: PLC0415  0.4 s to import

        try:
            yield
        except (urllib3.exceptions.HTTPError, OpenApiException) as error:
            reason = str(getattr(error, "reason", None) or error)
            advice = "check the address and your network with: kubectl cluster-info"
            problem = f"{self.server} cannot be reached: {reason[:_LONGEST_REASON_CHARACTERS]}"
            raise BackendUnavailable("cluster", problem, advice) from error


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(bounded(data))
    except ValueError:
        return None


def _status_document(data: bytes) -> Mapping[str, Any]:
    parsed = _parsed(data)
    if isinstance(parsed, dict) and parsed.get("kind") == "Status":
        return parsed
    if isinstance(parsed, dict) and isinstance(parsed.get("message"), str):
        return {"message": parsed["message"]}  # of what lies behind a proxy path
    return {"message": data[:_LONGEST_REASON_CHARACTERS].decode("utf-8", "replace").strip()}
