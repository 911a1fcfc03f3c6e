"""The Lease of the election, as the elector needs it: one object, by name."""

from collections.abc import Mapping
from typing import Any

from backgroundjob.api import labels
from backgroundjob_operator.cluster.api_server import ApiServer
from backgroundjob_operator.cluster.port import Document


class KubeLease:
    """A `LeaseObject`. Its requests are the ones that a process may send without holding it."""

    def __init__(self, api: ApiServer, namespace: str, name: str) -> None:
        self._api = api
        self._name = name
        self._namespace = namespace
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"

    def now_text(self) -> str:
        return self._api.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    async def get(self) -> Document:
        return await self._api.call("GET", f"{self._collection}/{self._name}")

    async def create(self, spec: Mapping[str, Any]) -> Document:
        metadata = {
            "name": self._name,
            "namespace": self._namespace,
            "labels": {"app.kubernetes.io/name": labels.SINGULAR},
        }
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": dict(spec),
        }
        return await self._api.call("POST", self._collection, body=body)

    async def patch(self, spec: Mapping[str, Any], version: str) -> Document:
        body = {"metadata": {"resourceVersion": version}, "spec": dict(spec)}
        return await self._api.call("PATCH", f"{self._collection}/{self._name}", body=body)
