"""The program of `helm test`: creates a BackgroundJob that does nothing, waits for its end, deletes it.

One sentence and an exit code: 0 when it Succeeded, 1 for anything else.
"""

import asyncio
import os
import sys
import uuid
from collections.abc import Mapping
from typing import Final

import aiohttp

from backgroundjob.api import labels
from backgroundjob.api.reasons import TERMINAL_STATES, State
from backgroundjob_operator.cluster.api_server import ApiServer
from backgroundjob_operator.cluster.credentials import NoCredentials, find_credentials
from backgroundjob_operator.cluster.kube import KubeCluster
from backgroundjob_operator.cluster.port import ClusterError, Document
from backgroundjob_operator.engine.actions import ObjectKey

POLL_SECONDS: Final = 0.5
_ENTRY: Final = "backgroundjob.SelfTest.run"


class TestFailed(Exception):
    """The installation did not run the job. The message is the sentence to print."""

    __test__ = False


def manifest(key: ObjectKey, timeout_seconds: int) -> Document:
    """The BackgroundJob. If nobody deletes it, it ends and goes by itself."""
    class_name, _, method = _ENTRY.rpartition(".")
    return {
        "apiVersion": labels.API_VERSION,
        "kind": labels.KIND,
        "metadata": {"name": key.name, "namespace": key.namespace},
        "spec": {
            "class": class_name,
            "method": method,
            "deadlineSeconds": timeout_seconds,
            "ttlSecondsAfterFinished": timeout_seconds,
        },
    }


async def run_job(cluster: KubeCluster, key: ObjectKey, timeout_seconds: int) -> None:
    """Return once the job Succeeded and was deleted. Raises TestFailed."""
    document: Document = {}
    try:
        async with asyncio.timeout(timeout_seconds):
            created = await cluster.create_background_job(manifest(key, timeout_seconds))
            try:
                while not _has_ended(document):
                    document = await cluster.get_background_job(key)
                    await asyncio.sleep(POLL_SECONDS)
            finally:
                await cluster.delete_background_job(key, created["metadata"]["uid"])
    except TimeoutError as error:
        raise TestFailed(f"BackgroundJob {key} is {_summary(document)} after {timeout_seconds} s") from error
    except ClusterError as error:
        raise TestFailed(f"BackgroundJob {key}: {error}") from error
    if document["status"]["state"] != State.SUCCEEDED:
        raise TestFailed(f"BackgroundJob {key} ended as {_summary(document)}")


def _has_ended(document: Document) -> bool:
    return document.get("status", {}).get("state") in TERMINAL_STATES


def _summary(document: Document) -> str:
    status = document.get("status") or {}
    if "state" not in status:
        return "without a status (the operator's log says why)"
    return ", ".join(filter(None, (status["state"], status.get("reason"), status.get("message"))))


async def main(environment: Mapping[str, str] = os.environ) -> int:
    """Run the job where BACKGROUNDJOB_TEST_NAMESPACE says; print one sentence; the exit code."""
    timeout_seconds = int(environment.get("BACKGROUNDJOB_TEST_TIMEOUT_SECONDS", "120"))
    key = ObjectKey(environment["BACKGROUNDJOB_TEST_NAMESPACE"], f"backgroundjob-test-{uuid.uuid4().hex[:8]}")
    try:
        async with aiohttp.ClientSession() as session:
            await run_job(
                KubeCluster(ApiServer(session, find_credentials(environment))), key, timeout_seconds
            )
    except (TestFailed, NoCredentials) as error:
        sys.stdout.write(f"Test failed: {error}.\n")
        return 1
    sys.stdout.write(f"Test passed: {_ENTRY} ran in the namespace {key.namespace} and Succeeded.\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
