"""The settings file: allow-list and configuration of local mode, reloaded when it changes.

    allowList:
      EmailJob.send:
        target: jobs.email:EmailJob.send
        params: {type: object, properties: {to: {type: string}}}
    config:
      limits: {concurrency: 2}

The two ConfigMaps of a cluster in one file, separated by `---`, are read as well. Either way the documents
go through the operator's own parser.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP
from backgroundjob.errors import BackendUnavailable
from backgroundjob_operator.local.state import SETTINGS_VARIABLE
from backgroundjob_operator.runtime.config import SettingsSource, explain

_SECTIONS: Final = {"allowList": ALLOW_LIST_CONFIG_MAP, "config": CONFIG_CONFIG_MAP}
_EXAMPLE: Final = (
    'create it, for example: {"allowList": {"EmailJob.send": {"target": "jobs.email:EmailJob.send", '
    '"params": {"type": "object", "properties": {"to": {"type": "string"}}}}}}'
)
_LOCAL_IMAGE: Final = "this-machine"
"""The default profile must name an image, and here none is pulled."""
_LEAST_CONCURRENCY: Final = 2

_log = logging.getLogger(__name__)


class SettingsFile:
    """Feeds the file to a SettingsSource as the events of two ConfigMaps."""

    def __init__(self, path: Path, source: SettingsSource) -> None:
        self._path = path
        self._source = source
        self._seen: tuple[int, int] | None = None
        self._applied: dict[str, dict[str, str]] = {}

    def load(self) -> None:
        """Read it for the first time. Raises BackendUnavailable, which says how to mend it."""
        self._seen = self._stamp()
        if self._seen is None:
            raise BackendUnavailable(
                "local", f"there is no settings file {self._path} (${SETTINGS_VARIABLE})", _EXAMPLE
            )
        try:
            self._apply()
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise BackendUnavailable(
                "local", f"{self._path}: {explain(error)}", "correct the file"
            ) from error
        problem = self._source.problems.get(CONFIG_CONFIG_MAP)
        if problem is not None:
            raise BackendUnavailable("local", f"{self._path}: {problem}", "correct the section config")

    def reload_if_changed(self) -> None:
        """Read it again if it was written; the last good content stays in use when it cannot be read."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._apply()
        except (OSError, ValueError, yaml.YAMLError) as error:
            _log.error("%s is not used: %s; its last good content stays in use", self._path, explain(error))

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size

    def _apply(self) -> None:
        for name, data in config_maps(self._path.read_text(encoding="utf-8")).items():
            if data != self._applied.get(name):
                self._applied[name] = data
                self._source.apply("MODIFIED", {"metadata": {"name": name}, "data": data})


def config_maps(text: str) -> dict[str, dict[str, str]]:
    """The data of both ConfigMaps, by name. Raises ValueError and yaml.YAMLError."""
    found = [document for document in yaml.safe_load_all(text) if document is not None]
    if any(not isinstance(document, Mapping) for document in found):
        raise ValueError("it must hold a mapping with allowList and config, or the two ConfigMaps")
    if found and all(document.get("kind") == "ConfigMap" for document in found):
        data = {document["metadata"]["name"]: document.get("data") or {} for document in found}
    else:
        data = _from_sections(found)
    allow_list = {str(key): _yaml(value) for key, value in data.get(ALLOW_LIST_CONFIG_MAP, {}).items()}
    config = _completed({str(key): _yaml(value) for key, value in data.get(CONFIG_CONFIG_MAP, {}).items()})
    return {CONFIG_CONFIG_MAP: config, ALLOW_LIST_CONFIG_MAP: allow_list}


def _from_sections(found: list[Any]) -> dict[str, Mapping[str, Any]]:
    if len(found) != 1:
        raise ValueError("it must hold one document with the sections allowList and config")
    unknown = sorted(str(key) for key in found[0] if key not in _SECTIONS)
    if unknown:
        raise ValueError(f"section {unknown[0]} is unknown; accepted: {', '.join(_SECTIONS)}")
    for section, content in found[0].items():
        if not isinstance(content, Mapping | None):
            raise ValueError(  # noqa: TRY004  the file is wrong, not the call
                f"section {section} must be a mapping, not a {type(content).__name__}"
            )
    return {_SECTIONS[section]: content or {} for section, content in found[0].items()}


def _yaml(value: Any) -> str:
    """A ConfigMap's value: text as it is, anything else written as text."""
    return value if isinstance(value, str) else yaml.safe_dump(value, sort_keys=False)


def _completed(topics: dict[str, str]) -> dict[str, str]:
    """The topics with what only a cluster's administrator must decide."""
    profiles, limits = (yaml.safe_load(topics.get(topic, "")) for topic in ("profiles", "limits"))
    if isinstance(profiles, dict | None):
        default = (profiles or {}).get("default") or {}
        if isinstance(default, dict):
            filled = {**(profiles or {}), "default": {"image": _LOCAL_IMAGE, **default}}
            topics["profiles"] = _yaml(filled)
    if isinstance(limits, dict | None):
        # 50 processes, the cluster's default, would choke a laptop.
        cores = max(os.cpu_count() or 1, _LEAST_CONCURRENCY)
        topics["limits"] = _yaml({"concurrency": cores, **(limits or {})})
    return topics
