"""The operator's two ConfigMaps, changed for a while as an administrator would with kubectl."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import yaml

from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP
from e2e_product import NAMESPACE, ROOT
from tests.cluster.protocol import Cluster

OVERLAY: Final = yaml.safe_load((ROOT / "tests/e2e/faults/settings.yaml").read_text())


@dataclass(frozen=True, slots=True)
class ConfigMapEditor:
    """One of the ConfigMaps."""

    cluster: Cluster
    name: str

    def read(self) -> dict[str, str]:
        """Its keys and their texts."""
        document = self.cluster.kubectl_json("-n", NAMESPACE, "get", "configmap", self.name)
        data: dict[str, str] = document.get("data") or {}
        return data

    def write(self, data: Mapping[str, str | None]) -> None:
        """Replace those keys; None removes one."""
        patch = json.dumps({"data": data})
        self.cluster.kubectl("-n", NAMESPACE, "patch", "configmap", self.name, "--type=merge", "-p", patch)

    @contextmanager
    def changed(self, data: Mapping[str, str]) -> Iterator[None]:
        """Those keys for the time of the block."""
        before = self.read()
        self.write(data)
        try:
            yield
        finally:
            self.write({key: before.get(key) for key in data})


@contextmanager
def overlaid(cluster: Cluster) -> Iterator[None]:
    """`settings.yaml` over what the release has."""
    config = ConfigMapEditor(cluster, CONFIG_CONFIG_MAP)
    allow_list = ConfigMapEditor(cluster, ALLOW_LIST_CONFIG_MAP)
    present = {topic: yaml.safe_load(text) for topic, text in config.read().items()}
    topics = {topic: merged(present.get(topic), change) for topic, change in OVERLAY["config"].items()}
    entries = {key: yaml.safe_dump(entry) for key, entry in OVERLAY["allowList"].items()}
    # Profiles before the entries that name them.
    with (
        config.changed({topic: yaml.safe_dump(document) for topic, document in topics.items()}),
        allow_list.changed(entries),
    ):
        yield


def merged(base: Any, change: Any) -> Any:
    """`change` over `base`; mappings are merged key by key, as Helm does."""
    if not isinstance(base, Mapping) or not isinstance(change, Mapping):
        return change
    return {**base, **{key: merged(base.get(key), value) for key, value in change.items()}}
