"""SEC-19: 5,000 objects of one user in one namespace, and what another namespace notices of them."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from statistics import median
from typing import Final

import aiohttp
import pytest

from backgroundjob.api.labels import UID_LABEL
from e2e_product import NAMESPACE, Namespace, Product, background_job
from tests.cluster.protocol import wait_for
from tests.e2e.faults.settings import ConfigMapEditor
from tests.e2e.security.probes import bring_code

OBJECTS: Final = 5_000
CONCURRENT_CREATES: Final = 16
RUNS: Final = 8
LIMITS: Final = {"concurrency": 6, "namespaceConcurrency": 2}
SLOWER: Final = 2
"""Times the median of an idle cluster. The slowest of so few runs says more of the machine than of us, and so
does any run while they are created as fast as the API server takes them: test_turns covers that burst."""
RESOLUTION_SECONDS: Final = 1.0
"""Times of a pod's end are whole seconds."""
MEMORY_MEGABYTES: Final = 300


@pytest.fixture
def limited(product: Product) -> Iterator[None]:
    """Limits as docs/quotas.md advises: a namespace cannot take all slots."""
    with ConfigMapEditor(product.cluster, "backgroundjob-config").changed({"limits": json.dumps(LIMITS)}):
        yield


@pytest.fixture
def flooded(product: Product, probes: None) -> Iterator[Namespace]:
    """The namespace of the one who floods; its objects are gone before the next test begins."""
    space = Namespace(product, "e2e-flood")
    product.cluster.kubectl("create", "namespace", space.name)
    yield bring_code(space)
    product.cluster.kubectl("delete", "namespace", space.name, "--timeout=180s")


def test_sec_19_five_thousand_objects_of_one_namespace_do_not_slow_another(
    flooded: Namespace, namespace: Namespace, product: Product, limited: None
) -> None:
    alone = [seconds_of_a_run(namespace, f"alone-{number}") for number in range(RUNS)]
    begin = time.monotonic()
    asyncio.run(create_all(flooded))
    created = time.monotonic() - begin
    wait_for(
        lambda: queued(product) >= OBJECTS - 2, "all of them queued", timeout_seconds=120, poll_seconds=1
    )
    settled = time.monotonic() - begin
    beside = [seconds_of_a_run(namespace, f"beside-{number}") for number in range(RUNS)]
    print(
        f"{OBJECTS} objects created in {created:.0f} s, settled after {settled:.0f} s; {memory(product)} MB"
    )
    for title, seconds in (("alone", alone), ("beside", beside)):
        print(f"{title}: median {median(seconds):.1f} s, slowest {max(seconds):.1f} s")
    assert median(beside) <= SLOWER * median(alone) + RESOLUTION_SECONDS
    assert len(flooded.kubectl("get", "jobs", "-l", UID_LABEL, "-o", "name").splitlines()) == 2
    assert memory(product) < MEMORY_MEGABYTES


def seconds_of_a_run(namespace: Namespace, name: str) -> float:
    begin = time.monotonic()
    namespace.apply(name, "EmailJob", "send", params={"to": "a@example.org"})
    namespace.kubectl("wait", "--for=condition=Complete", f"bgjob/{name}", "--timeout=60s")
    return time.monotonic() - begin


def queued(product: Product) -> int:
    path = f"/api/v1/namespaces/{NAMESPACE}/services/backgroundjob-operator:http/proxy/metrics"
    [found] = re.findall(
        r"^backgroundjob_queued (\S+)$", product.cluster.kubectl("get", "--raw", path), re.MULTILINE
    )
    return int(float(found))


def memory(product: Product) -> int:
    """Megabytes that the operator's process holds."""
    command = ("exec", "deployment/backgroundjob-operator", "--", "cat", "/proc/1/status")
    status = product.cluster.kubectl("-n", NAMESPACE, *command)
    [kilobytes] = re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) // 1024


async def create_all(namespace: Namespace) -> None:
    path = namespace.product.cluster.api_socket
    assert path is not None, f"the cluster {namespace.product.cluster.name} has no socket for its API"
    url = f"http://localhost/apis/backgroundjob.dev/v1alpha1/namespaces/{namespace.name}/backgroundjobs"
    numbers = iter(range(OBJECTS))
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(path))) as session:

        async def create() -> None:
            for number in numbers:
                document = background_job(f"flood-{number}", "ProbeJob", "seconds", params={"seconds": 600})
                async with session.post(url, json=document) as response:
                    assert response.status == 201, await response.text()

        await asyncio.gather(*(create() for _ in range(CONCURRENT_CREATES)))
