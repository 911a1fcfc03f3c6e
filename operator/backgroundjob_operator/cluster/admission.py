"""Asks the API server which version of the allow-list its admission sees, by dry runs: nothing is stored."""

from typing import Final

from backgroundjob.api import labels
from backgroundjob_operator.cluster.api_server import ApiServer
from backgroundjob_operator.cluster.port import Refused

POLICY: Final = "backgroundjob-anchor"
"""Compares the version that the annotation names with that of its parameter, for this one Lease."""


class KubeAdmission:
    """An `Admission`. It needs no right beyond that to the Lease."""

    def __init__(self, api: ApiServer, namespace: str, lease: str) -> None:
        self._api = api
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{lease}"

    async def accepts(self, version: str) -> bool:
        body = {"metadata": {"annotations": {labels.ALLOW_LIST_VERSION_ANNOTATION: version}}}
        try:
            await self._api.call("PATCH", self._path, query={"dryRun": "All"}, body=body)
        except Refused as refusal:
            if POLICY in str(refusal):
                return False
            raise
        return True
