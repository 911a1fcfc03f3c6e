"""What the API server showed while a test ran: when containers really ran, and which Jobs were created."""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from backgroundjob.api import labels
from e2e_product import OPERATOR_USER, Namespace, Product
from tests.cluster.audit import AuditEvent


@dataclass(frozen=True, slots=True)
class Run:
    """One container's life, by the kubelet's clock in whole seconds. `end` is None when nobody told it."""

    pod: str
    begin: datetime
    end: datetime | None


class PodWatch:
    """`kubectl get pods --watch` into a file: every version of every attempt's pod."""

    def __init__(self, product: Product, file: Path) -> None:
        self._file = file
        argv = ["kubectl", "get", "pods", "--all-namespaces", "--selector", labels.UID_LABEL]
        options = ["--watch", "--output-watch-events", "--output=json"]
        with file.open("wb") as output:
            self._process = subprocess.Popen(product.cluster.command([*argv, *options]), stdout=output)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def run_count(self, namespace: Namespace) -> int:
        """How many pods were seen to have run."""
        return sum(map(len, self._runs(namespace.name).values()))

    def overlaps(self, namespace: Namespace) -> list[tuple[Run, Run]]:
        """Neighbouring runs of one object, of which the first had not ended when the second began."""
        found = []
        for runs in self._runs(namespace.name).values():
            in_order = sorted(runs, key=lambda run: run.begin)
            found += [(one, two) for one, two in pairwise(in_order) if one.end is None or two.begin < one.end]
        return found

    def _runs(self, namespace: str) -> dict[str, list[Run]]:
        """By uid of the BackgroundJob."""
        latest: dict[str, tuple[str, Run]] = {}
        for pod in self._pods():
            if pod["metadata"]["namespace"] == namespace:
                for state in _container_states(pod):
                    name, owner = pod["metadata"]["name"], pod["metadata"]["labels"][labels.UID_LABEL]
                    latest[name] = (owner, _run(name, state))
        by_owner: dict[str, list[Run]] = defaultdict(list)
        for owner, run in latest.values():
            by_owner[owner].append(run)
        return by_owner

    def _pods(self) -> Iterator[dict[str, Any]]:
        text, decoder, position = self._file.read_text(), json.JSONDecoder(), 0
        while (position := text.find("{", position)) >= 0:
            try:
                event, position = decoder.raw_decode(text, position)
            except json.JSONDecodeError:
                return  # the last one is still being written
            yield event["object"]


def jobs_created(product: Product, since: datetime, namespace: Namespace) -> list[AuditEvent]:
    """Jobs whose creation the API server answered with 201, in their order."""
    return [
        event
        for event in product.audit(since)
        if (event.verb, event.resource, event.code) == ("create", "jobs", 201)
        and event.namespace == namespace.name
    ]


def operator_requests(product: Product, since: datetime, namespace: str) -> list[AuditEvent]:
    """What the operator asked in that namespace."""
    return [
        event
        for event in product.audit(since)
        if event.user == OPERATOR_USER and event.namespace == namespace
    ]


def _container_states(pod: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for status in pod["status"].get("containerStatuses", ()):
        for state in (status["state"].get("running"), status["state"].get("terminated")):
            if state and state.get("startedAt"):
                yield state


def _run(pod: str, state: dict[str, Any]) -> Run:
    end = state.get("finishedAt")
    return Run(pod, datetime.fromisoformat(state["startedAt"]), datetime.fromisoformat(end) if end else None)
