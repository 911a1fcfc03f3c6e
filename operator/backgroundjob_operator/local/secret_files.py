"""Secrets of local mode: a file for each key, read when an attempt starts, as a kubelet would.

    <state directory>/secrets/<namespace>/<secret>/<key>

Which parameter takes which key stands in the pod: the operator's manifest projects it there.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.engine.manifest import SECRET_PARAMS_VOLUME

CONFIG_ERROR: Final = "CreateContainerConfigError"
"""The kubelet's reason for a container that lacks what it names."""


class SecretMissing(Exception):
    """A Secret or key that a pod names is not there. The message says where it is expected."""


ReadKey = Callable[[str, str, str], bytes]
"""The value of a key, by namespace, Secret and key. Raises SecretMissing."""


class SecretFiles:
    """The Secrets in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, namespace: str, secret: str, key: str) -> bytes:
        """The bytes of one key, as they are. Raises SecretMissing."""
        path = self._folder / namespace / secret / key
        try:
            return path.read_bytes()
        except FileNotFoundError:
            what = (
                f"Secret {secret} has no key {key}"
                if path.parent.is_dir()
                else f"there is no Secret {secret}"
            )
            raise SecretMissing(f"{what}: put the value of key {key} into the file {path}") from None
        except OSError as error:
            raise SecretMissing(f"key {key} of Secret {secret}: {error.strerror}: {path}") from None


def secret_params(pod: Document, read: ReadKey) -> Mapping[str, bytes]:
    """The values that the pod's volumes project, by name of the parameter. Raises SecretMissing."""
    namespace = pod["metadata"]["namespace"]
    return {
        item["path"]: read(namespace, source["secret"]["name"], item["key"])
        for source in _projected(pod)
        for item in source["secret"]["items"]
    }


def _projected(pod: Document) -> list[dict[str, Any]]:
    """Sources of the volume that the manifest makes of paramsFrom. A profile's own volumes are no params."""
    volumes = [one for one in pod["spec"].get("volumes") or () if one["name"] == SECRET_PARAMS_VOLUME]
    return list(volumes[0]["projected"]["sources"]) if volumes else []
