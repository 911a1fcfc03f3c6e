"""The real store, planner and actuator over the model cluster, with virtual time."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from backgroundjob.api.allow_list import parse_entry
from backgroundjob.api.config import parse_config
from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_operator.engine.catalogue import AllowList, CompiledEntry, Settings
from backgroundjob_operator.engine.planner import Planner
from backgroundjob_operator.engine.store import Store
from backgroundjob_operator.engine.validation import ParamsSchema
from backgroundjob_operator.runtime.actuator import Actuator
from backgroundjob_operator.runtime.metrics import Metrics
from model_cluster import ModelCluster

EMAIL = {"class": "EmailJob", "method": "send", "params": {"to": "a@example.org"}}
ENTRIES: Mapping[str, Mapping[str, Any]] = {
    "EmailJob.send": {
        "target": "jobs.email:EmailJob.send",
        "params": {"type": "object", "required": ["to"], "properties": {"to": {"type": "string"}}},
    }
}


def settings(entries: Mapping[str, Mapping[str, Any]] | None = ENTRIES, **topics: Any) -> Settings:
    """Settings from entries by key (None: no allow-list yet) and configuration topics."""
    config = parse_config({"profiles": {"default": {"image": "runner:1"}}, **topics})
    if entries is None:
        return Settings(None, config)
    compiled = {}
    for key, document in entries.items():
        entry = parse_entry(key, document)
        compiled[key] = CompiledEntry(key, entry, ParamsSchema(entry.params))
    return Settings(AllowList(compiled), config)


class World:
    """One operator's life over a cluster that outlives it."""

    def __init__(self, cluster: ModelCluster | None = None, with_settings: Settings | None = None) -> None:
        self.cluster = cluster or ModelCluster()
        self.settings = with_settings or settings()
        self.start()

    def start(self) -> None:
        """Begin a life with empty memory: everything is listed anew."""
        self.store = Store(lambda: self.cluster.now)
        self.planner = Planner(self.store, self.settings)
        self.actuator = Actuator(self.cluster, self.store, Metrics(), idle=lambda: None, sleep=self._sleep)
        self.cluster.watch.clear()
        version = self.cluster.version
        objects = self.cluster.objects
        self.store.replace_jobs(list(objects["Job"].values()), version)
        self.store.replace_pods(list(objects["Pod"].values()), version)
        self.store.replace_background_jobs(list(objects["BackgroundJob"].values()), version)

    def deliver(self) -> None:
        """The watches bring everything that happened."""
        apply = {
            "BackgroundJob": self.store.apply_background_job,
            "Job": self.store.apply_job,
            "Pod": self.store.apply_pod,
        }
        for kind, event_type, document in self.cluster.watch:
            apply[kind](event_type, document)  # type: ignore[arg-type]  # the model's types are the API's
        self.cluster.watch.clear()

    async def settle(self) -> None:
        """Deliver, plan and act until nothing is left to do at this moment."""
        for _ in range(100):
            self.deliver()
            plan = self.planner.plan(self.cluster.now, self.actuator.busy)
            if not plan:
                return
            for key, actions in plan.items():
                self.actuator.submit(key, actions)
            await self.actuator.finish()
        raise AssertionError("planning does not come to rest")

    async def advance(self, seconds: float) -> None:
        """Let time pass, stopping at each moment at which the planner asked to look again."""
        end = self.cluster.now + timedelta(seconds=seconds)
        await self.settle()
        while (due := self.planner.next_due_time) is not None and due <= end:
            self.cluster.now = max(due, self.cluster.now)
            await self.settle()
        self.cluster.now = end
        await self.settle()

    async def apply(self, name: str = "mail", **spec: Any) -> ObjectKey:
        """Create a BackgroundJob (EmailJob.send unless said otherwise) and settle."""
        key = self.cluster.apply(name, {**EMAIL, **spec})
        await self.settle()
        return key

    def state(self, key: ObjectKey) -> tuple[str | None, str | None]:
        """State and reason, as `kubectl get -o wide` shows them."""
        status = self.cluster.status(key)
        return status.get("state"), status.get("reason")

    async def _sleep(self, seconds: float) -> None:
        self.cluster.now += timedelta(seconds=seconds)
