"""The three watches, each in its own order: late, twice, broken, and listed anew."""

from dataclasses import dataclass, field
from typing import Any, Final

from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.engine.store import Store
from model_cluster import ModelCluster

KINDS: Final = ("Job", "Pod", "BackgroundJob")
"""In the order in which a new life asks for them: BackgroundJobs last."""


@dataclass(slots=True)
class Feed:
    """One watch: everything that happened, and how much of it was brought."""

    log: list[tuple[int, str, Document]] = field(default_factory=list)
    start: int = 0
    """Where the watch of this life began."""
    cursor: int = 0
    listing: tuple[int, list[Document]] | None = None
    """A list under way, with its version. Until it is brought, the watch brings nothing."""
    is_synced: bool = False


class Feeds:
    """Brings what the cluster logs to a store."""

    def __init__(self, cluster: ModelCluster) -> None:
        self._cluster = cluster
        self._feeds = {kind: Feed() for kind in KINDS}

    @property
    def is_synced(self) -> bool:
        """Whether every kind was listed once in this life."""
        return all(feed.is_synced for feed in self._feeds.values())

    @property
    def is_empty(self) -> bool:
        """Whether everything that happened was brought."""
        self._collect()
        return all(feed.listing is None and feed.cursor == len(feed.log) for feed in self._feeds.values())

    def begin(self) -> None:
        """A new life: nothing is known."""
        for feed in self._feeds.values():
            feed.is_synced, feed.listing = False, None

    def ask_for_list(self, kind: str) -> None:
        """The watch broke: a list is taken now, and brought later."""
        self._collect()
        documents = list(self._cluster.objects[kind].values())
        self._feeds[kind].listing = (self._cluster.version, documents)

    def bring_list(self, kind: str, store: Store) -> None:
        """The list arrives, and the watch goes on from its version."""
        self._collect()
        feed = self._feeds[kind]
        if feed.listing is None:
            return
        version, documents = feed.listing
        replace: dict[str, Any] = {
            "Job": store.replace_jobs,
            "Pod": store.replace_pods,
            "BackgroundJob": store.replace_background_jobs,
        }
        replace[kind](documents, version)
        feed.listing, feed.is_synced = None, True
        feed.cursor = next(
            (index for index, event in enumerate(feed.log) if event[0] > version), len(feed.log)
        )
        feed.start = feed.cursor

    def bring(self, kind: str, store: Store, count: int) -> None:
        """The next events of one kind arrive."""
        self._collect()
        feed = self._feeds[kind]
        if feed.listing is not None or not feed.is_synced:
            return
        for event in feed.log[feed.cursor : feed.cursor + count]:
            self._apply(kind, store, event)
            feed.cursor += 1

    def repeat(self, kind: str, store: Store, index: int) -> None:
        """One of the last events that were brought arrives again."""
        feed = self._feeds[kind]
        brought = feed.log[max(feed.start, feed.cursor - 5) : feed.cursor]
        if brought and feed.is_synced:
            self._apply(kind, store, brought[index % len(brought)])

    def bring_all(self, store: Store) -> None:
        """Everything that happened arrives."""
        for kind in KINDS:
            if not self._feeds[kind].is_synced and self._feeds[kind].listing is None:
                self.ask_for_list(kind)
            self.bring_list(kind, store)
            self.bring(kind, store, len(self._feeds[kind].log))

    def _apply(self, kind: str, store: Store, event: tuple[int, str, Document]) -> None:
        apply: dict[str, Any] = {
            "BackgroundJob": store.apply_background_job,
            "Job": store.apply_job,
            "Pod": store.apply_pod,
        }
        apply[kind](event[1], event[2])

    def _collect(self) -> None:
        for kind, event_type, document in self._cluster.watch:
            version = int(document["metadata"]["resourceVersion"])
            self._feeds[kind].log.append((version, event_type, document))
        self._cluster.watch.clear()
