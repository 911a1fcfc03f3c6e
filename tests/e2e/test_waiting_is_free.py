"""10,000 delayed objects: once they are settled, a minute of them costs the API server nothing."""

import asyncio
import time
from collections import Counter
from datetime import timedelta

import aiohttp

from e2e_product import OPERATOR_USER, Namespace, Product, background_job, utc_now

OBJECTS = 10_000
CONCURRENT_CREATES = 16
SETTLE_SECONDS = 300
QUIET_SECONDS = 60


def test_ten_thousand_delayed_objects_cost_no_call_in_a_minute(
    namespace: Namespace, product: Product
) -> None:
    begin = time.monotonic()
    asyncio.run(create_all(product, namespace.name))
    created_seconds = time.monotonic() - begin
    wait_until_all_are_waiting(namespace)
    settled_seconds = time.monotonic() - begin
    since = utc_now() + timedelta(seconds=2)
    time.sleep(QUIET_SECONDS + 4)
    asked = [
        event
        for event in product.audit(since)
        if event.user == OPERATOR_USER and event.request_time < since + timedelta(seconds=QUIET_SECONDS)
    ]
    # The Lease is renewed whatever waits.
    calls = Counter((event.verb, event.resource) for event in asked if event.resource != "leases")
    print(
        f"{OBJECTS} objects: created in {created_seconds:.0f} s, settled after {settled_seconds:.0f} s, "
        f"calls in {QUIET_SECONDS} s: {dict(calls)}"
    )
    assert {verb for verb, _ in calls} <= {"watch"}  # reconnects


async def create_all(product: Product, namespace: str) -> None:
    """Create the objects over the cluster's socket, some at a time."""
    path = product.cluster.api_socket
    assert path is not None, f"the cluster {product.cluster.name} has no socket for its API"
    url = f"http://localhost/apis/backgroundjob.dev/v1alpha1/namespaces/{namespace}/backgroundjobs"
    numbers = iter(range(OBJECTS))
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(path))) as session:

        async def create() -> None:
            for number in numbers:
                document = background_job(
                    f"later-{number}",
                    "EmailJob",
                    "send",
                    params={"to": "a@example.org"},
                    delaySeconds=86_400,
                )
                async with session.post(url, json=document) as response:
                    assert response.status == 201, await response.text()

        await asyncio.gather(*(create() for _ in range(CONCURRENT_CREATES)))


def wait_until_all_are_waiting(namespace: Namespace) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    selector = "--field-selector=status.state=Waiting"
    while len(namespace.kubectl("get", "bgjob", selector, "-o", "name").splitlines()) < OBJECTS:
        assert time.monotonic() < deadline, f"not all settled after {SETTLE_SECONDS} s"
        time.sleep(2)
