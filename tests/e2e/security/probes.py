"""Lets the code of `jobs/` run: entries, a profile that mounts it, and the ConfigMap with it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from e2e_product import Namespace, Product
from tests.e2e.faults.settings import ConfigMapEditor

METHODS: Final = ("echo", "seconds", "both", "fail", "large", "surroundings", "leftovers")
_CODE: Final = "security-jobs"


@contextmanager
def probes_allowed(product: Product, profile: str, **fields: Any) -> Iterator[None]:
    """ProbeJob in the allow-list for the time of the block, in a profile of that name with these fields."""
    mounted: Mapping[str, Any] = {
        "image": product.images.examples,
        "imagePullPolicy": "Never",
        "volumes": [{"name": "code", "configMap": {"name": _CODE}}],
        "volumeMounts": [{"name": "code", "mountPath": "/app/probes"}],
        **fields,
    }
    config = ConfigMapEditor(product.cluster, "backgroundjob-config")
    allow_list = ConfigMapEditor(product.cluster, "backgroundjob-allow-list")
    entry = {"params": {"type": "object", "additionalProperties": True}, "profile": profile}
    entries = {
        f"ProbeJob.{method}": json.dumps(entry | {"target": f"probes.probe:ProbeJob.{method}"})
        for method in METHODS
    }
    # The profile before the entries that name it.
    with (
        config.changed({"profiles": f"{config.read()['profiles']}\n{profile}: {json.dumps(mounted)}\n"}),
        allow_list.changed(entries),
    ):
        yield


def bring_code(namespace: Namespace) -> Namespace:
    """The ConfigMap with the code; every namespace needs its own."""
    folder = Path(__file__).parent / "jobs"
    namespace.kubectl("create", "configmap", _CODE, f"--from-file={folder}")
    return namespace
