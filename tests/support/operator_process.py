"""The operator's process in front of a stand-in for the API server."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from kube_rules import Document, now_text
from kube_stub import KubeStub

NAMESPACE = "backgroundjob-system"
BACKGROUND_JOBS = "apis/backgroundjob.dev/v1alpha1/backgroundjobs"
JOBS = "apis/batch/v1/jobs"
PODS = "api/v1/pods"
CONFIG_MAPS = "api/v1/configmaps"
ENTRY = "target: jobs.email:EmailJob.send\nparams: {properties: {to: {type: string}}}"
TIMEOUT_SECONDS = 30
TOKEN = "a-token-nobody-may-see"


class OperatorProcess:
    """One running `backgroundjob-operator`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, port: int) -> None:
        self.process = process
        self.port = port
        self._log = log

    @property
    def log(self) -> list[Document]:
        """The lines logged so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    @property
    def raw_log(self) -> str:
        """The log as it is."""
        return self._log.read_text()

    async def get(self, path: str) -> tuple[int, str]:
        """What a probe answers; 0 while nothing listens."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port}{path}") as response,
            ):
                return response.status, await response.text()
        except aiohttp.ClientConnectionError:
            return 0, ""

    async def until_ready(self) -> None:
        """Wait for /readyz."""
        await self.until_answer("/readyz")

    async def until_answer(self, path: str) -> None:
        """Wait until a probe answers 200."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while (await self.get(path))[0] != 200:
                if self.process.returncode is not None:
                    raise AssertionError(f"the operator ended:\n{self.raw_log}")
                await asyncio.sleep(0.02)

    async def ended(self) -> int:
        """Wait for the end; the exit code."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await self.process.wait()

    async def terminate(self) -> tuple[int, float]:
        """Exit code and seconds after SIGTERM."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = await self.ended()
        return code, time.monotonic() - start


@asynccontextmanager
async def operator_process(
    api: KubeStub, folder: Path, port: int | None = None, **variables: str
) -> AsyncIterator[OperatorProcess]:
    """Start the operator; whatever happens, it is gone afterwards."""
    port = port or _free_port()
    (folder / "kubeconfig").write_text(yaml.safe_dump(_kubeconfig(api.url)))
    environment = {
        "PATH": os.environ["PATH"],
        "KUBECONFIG": str(folder / "kubeconfig"),
        "BACKGROUNDJOB_NAMESPACE": NAMESPACE,
        "BACKGROUNDJOB_HTTP_PORT": str(port),
        "BACKGROUNDJOB_LOG_FORMAT": "json",
        **variables,
    }
    log = folder / "log"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "backgroundjob_operator.kopf_app"), env=environment, stderr=file
        )
    try:
        yield OperatorProcess(process, log, port)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def install(api: KubeStub, entries: dict[str, str] | None = None) -> None:
    """Both ConfigMaps."""
    maps = {
        "backgroundjob-allow-list": {"EmailJob.send": ENTRY} if entries is None else entries,
        "backgroundjob-config": {"profiles": "default: {image: runner:1}"},
    }
    for name, data in maps.items():
        api.put(CONFIG_MAPS, {"metadata": {"name": name, "namespace": NAMESPACE}, "data": data})


def state(api: KubeStub, name: str = "mail", namespace: str = "shop") -> str | None:
    """The state of a BackgroundJob."""
    found: str | None = api.get(BACKGROUND_JOBS, namespace, name).get("status", {}).get("state")
    return found


def submit(api: KubeStub, name: str = "mail", namespace: str = "shop", **spec: Any) -> Document:
    """A BackgroundJob, EmailJob.send unless said otherwise."""
    return api.put(
        BACKGROUND_JOBS,
        {
            "apiVersion": "backgroundjob.dev/v1alpha1",
            "kind": "BackgroundJob",
            "metadata": {"name": name, "namespace": namespace, "generation": 1},
            "spec": {"class": "EmailJob", "method": "send", "params": {"to": "a@example.org"}, **spec},
        },
    )


def run_pod(api: KubeStub, job: Document) -> None:
    """The pod of a Job starts."""
    _put_pod(api, job, "Running", {"running": {"startedAt": now_text()}})


def end_well(api: KubeStub, job: Document) -> None:
    """The pod of a Job ends with a receipt, then the Job does."""
    labels = job["metadata"]["labels"]
    receipt = {
        "protocol": 1,
        "uid": labels["backgroundjob.dev/uid"],
        "attempt": int(labels["backgroundjob.dev/attempt"]),
        "outcome": "Succeeded",
        "result": {"sent": True},
    }
    now = now_text()
    times = {"startedAt": now, "finishedAt": now}
    terminated = {"exitCode": 0, "reason": "Completed", "message": json.dumps(receipt), **times}
    _put_pod(api, job, "Succeeded", {"terminated": terminated})
    condition = {"type": "Complete", "status": "True", "lastTransitionTime": now}
    api.put(JOBS, {**job, "status": {"startTime": now, "conditions": [condition]}})


def _put_pod(api: KubeStub, job: Document, phase: str, state: Document) -> None:
    metadata = job["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "controller": True}
    pod_metadata = {
        "name": f"{metadata['name']}-x",
        "namespace": metadata["namespace"],
        "uid": f"pod-of-{metadata['uid']}",
        "labels": metadata["labels"],
        "ownerReferences": [{**owner, "name": metadata["name"], "uid": metadata["uid"]}],
    }
    status = {"phase": phase, "containerStatuses": [{"name": "runner", "state": state}]}
    api.put(PODS, {"metadata": pod_metadata, "spec": {"nodeName": "node-1"}, "status": status})


async def until(condition: Callable[[], Any]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while not condition():  # noqa: ASYNC110  another process changes it
            await asyncio.sleep(0.01)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _kubeconfig(server: str) -> Document:
    return {
        "current-context": "stub",
        "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "stub"}}],
        "clusters": [{"name": "stub", "cluster": {"server": server}}],
        "users": [{"name": "stub", "user": {"token": TOKEN}}],
    }
