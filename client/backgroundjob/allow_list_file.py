"""The allow-list in a file: as ConfigMap, in a settings file, or among Helm values; read and written."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import yaml

from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP, SYSTEM_NAMESPACE


class Form(StrEnum):
    """Where an allow-list stands."""

    CONFIG_MAP = "configmap"
    """The ConfigMap, for `kubectl apply`."""
    HELM = "helm"
    """Values of the chart."""
    LOCAL = "local"
    """The settings file of local mode."""


def read_texts(text: str) -> dict[str, str]:
    """The entries by key, as the ConfigMap would hold them. Raises ValueError and yaml.YAMLError."""
    documents = [one for one in yaml.safe_load_all(text) if one is not None]
    found = next((one for one in map(_entries, documents) if one is not None), None)
    if found is None:
        raise ValueError(
            f"it holds no allow-list; accepted: the ConfigMap {ALLOW_LIST_CONFIG_MAP}, a settings file with "
            "allowList, Helm values with allowList.entries"
        )
    return {
        str(key): value if isinstance(value, str) else yaml.safe_dump(value, sort_keys=False)
        for key, value in found.items()
        if value is not None
    }


def _entries(document: Any) -> Mapping[Any, Any] | None:
    """Those of one document; None when it is about something else."""
    if not isinstance(document, Mapping):
        return None
    if document.get("kind") == "ConfigMap":
        name = (document.get("metadata") or {}).get("name")
        return _mapping("data", document.get("data")) if name == ALLOW_LIST_CONFIG_MAP else None
    if "allowList" not in document:
        return None
    section = _mapping("allowList", document["allowList"])
    # `entries` has no dot, so it is no key of an entry.
    return _mapping("allowList.entries", section["entries"]) if "entries" in section else section


def _mapping(where: str, value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping | None):
        raise ValueError(  # noqa: TRY004  the file is wrong, not the call
            f"{where} must be a mapping, not a {type(value).__name__}"
        )
    return value or {}


def write_entries(
    entries: Mapping[str, Mapping[str, Any]], form: Form, namespace: str = SYSTEM_NAMESPACE
) -> str:
    """The entries as YAML text in that form, ready to use."""
    if form is Form.LOCAL:
        return _yaml({"allowList": {key: dict(entry) for key, entry in entries.items()}})
    # As text: Helm sorts the keys of an object, and positional arguments follow the order of properties.
    texts = {key: _yaml(dict(entry)) for key, entry in entries.items()}
    if form is Form.HELM:
        return _yaml({"allowList": {"entries": texts}})
    metadata = {"name": ALLOW_LIST_CONFIG_MAP, "namespace": namespace}
    return _yaml({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": texts})


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, which people can read and change."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _yaml(document: Mapping[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
