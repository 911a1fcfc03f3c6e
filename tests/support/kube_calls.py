"""Calls of the operator's Kubernetes client, for tests of what comes of them."""

import pytest

from backgroundjob_operator.cluster.kube import KubeCluster
from backgroundjob_operator.cluster.port import ClusterError, WatchEvent


async def error_of(kube: KubeCluster) -> ClusterError:
    """What reading the Job shop/mail-1 raises."""
    with pytest.raises(ClusterError) as caught:
        await kube.get_job("shop", "mail-1")
    return caught.value


async def watched(kube: KubeCluster, version: str = "1") -> list[WatchEvent]:
    """All events of a watch of pods until its end."""
    return [event async for event in kube.watch("Pod", selector={}, resource_version=version)]
