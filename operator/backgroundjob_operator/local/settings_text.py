"""The settings file: allow-list and configuration of local mode, reloaded when it changes.

    allowList:
      EmailJob.send:
        target: jobs.email:EmailJob.send
        params: {type: object, properties: {to: {type: string}}}
    modules: [jobs.invoice]        # what the typed code in them says, unless allowList says otherwise
    config:
      limits: {concurrency: 2}

The two ConfigMaps of a cluster in one file, separated by `---`, are read as well. Either way the documents
go through the operator's own parser.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP
from backgroundjob_operator.local.typed_modules import Stamp, read_modules, stamp_of

_SECTIONS: Final = {"allowList": ALLOW_LIST_CONFIG_MAP, "config": CONFIG_CONFIG_MAP}
_MODULES: Final = "modules"
_LOCAL_IMAGE: Final = "this-machine"
"""The default profile must name an image, and here none is pulled."""
_LEAST_CONCURRENCY: Final = 2


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What the file says, and the modules that it names."""

    config_maps: Mapping[str, dict[str, str]]
    """The data of both ConfigMaps, by name."""
    stamps: Mapping[Path, Stamp]
    """The files that were read, the settings file first, and what they were before they were."""


def read_settings(path: Path, directory: Path) -> LocalSettings:
    """Read the file; modules are imported in `directory`. Raises OSError, ValueError and yaml.YAMLError."""
    stamp = stamp_of(path)
    text = path.read_text(encoding="utf-8")
    typed = read_modules(module_names(text), directory)
    found = config_maps(text)
    generated = {key: _yaml(entry) for key, entry in typed.entries.items()}
    found[ALLOW_LIST_CONFIG_MAP] = {**generated, **found[ALLOW_LIST_CONFIG_MAP]}
    return LocalSettings(found, {path: stamp, **typed.stamps})


def module_names(text: str) -> Sequence[str]:
    """What the section `modules` names. Raises ValueError and yaml.YAMLError."""
    documents = [one for one in yaml.safe_load_all(text) if isinstance(one, Mapping)]
    names: object = next((one[_MODULES] for one in documents if one.get(_MODULES)), [])
    if not isinstance(names, list) or any(not isinstance(name, str) for name in names):
        raise ValueError(f"section {_MODULES} must be a list of modules, such as [jobs.email]")
    return names


def config_maps(text: str) -> dict[str, dict[str, str]]:
    """The data of both ConfigMaps, by name, modules left out. Raises ValueError and yaml.YAMLError."""
    found = [document for document in yaml.safe_load_all(text) if document is not None]
    if any(not isinstance(document, Mapping) for document in found):
        raise ValueError("it must hold a mapping with allowList and config, or the two ConfigMaps")
    if found and all(document.get("kind") == "ConfigMap" for document in found):
        data = {document["metadata"]["name"]: document.get("data") or {} for document in found}
    else:
        data = _from_sections(found)
    allow_list = {str(key): _yaml(value) for key, value in data.get(ALLOW_LIST_CONFIG_MAP, {}).items()}
    config = completed({str(key): _yaml(value) for key, value in data.get(CONFIG_CONFIG_MAP, {}).items()})
    return {CONFIG_CONFIG_MAP: config, ALLOW_LIST_CONFIG_MAP: allow_list}


def _from_sections(found: list[Any]) -> dict[str, Mapping[str, Any]]:
    if len(found) != 1:
        raise ValueError("it must hold one document with the sections allowList, modules and config")
    unknown = sorted(str(key) for key in found[0] if key not in (*_SECTIONS, _MODULES))
    if unknown:
        raise ValueError(f"section {unknown[0]} is unknown; accepted: {', '.join([*_SECTIONS, _MODULES])}")
    sections = {name: content for name, content in found[0].items() if name != _MODULES}
    for section, content in sections.items():
        if not isinstance(content, Mapping | None):
            raise ValueError(  # noqa: TRY004  the file is wrong, not the call
                f"section {section} must be a mapping, not a {type(content).__name__}"
            )
    return {_SECTIONS[section]: content or {} for section, content in sections.items()}


def _yaml(value: Any) -> str:
    """A ConfigMap's value: text as it is, anything else written as text."""
    return value if isinstance(value, str) else yaml.safe_dump(value, sort_keys=False)


def completed(topics: dict[str, str]) -> dict[str, str]:
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
