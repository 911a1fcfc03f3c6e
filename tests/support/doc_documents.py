"""What a YAML or JSON block of a page is, and whether the product, the chart or Kubernetes takes it."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml
from jsonschema import Draft7Validator
from kubernetes import client as kube

from backgroundjob.api.allow_list import parse_entry
from backgroundjob.api.backgroundjob import BackgroundJob
from backgroundjob.api.config import OperatorConfig, parse_config
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob_operator.local.settings_text import config_maps
from backgroundjob_operator.runtime.config import read_allow_list, read_config
from doc_pages import ROOT

Document = dict[str, Any]

_CHART: Final = ROOT / "charts/backgroundjob"
_SETTINGS: Final = ("backgroundjob-allow-list", "backgroundjob-config")
_TOPICS: Final = frozenset(field.alias or name for name, field in OperatorConfig.model_fields.items())
_ANY_SPEC: Final = {"class", "method"}


def check_documents(text: str) -> list[str]:
    """What each document of the block was taken for. Raises what its reader raises."""
    return [_check(document) for document in yaml.safe_load_all(text) if document is not None]


def _check(document: Document) -> str:
    for name, is_it, check in _KINDS:
        if is_it(document):
            check(document)
            return name
    raise AssertionError(f"no rule knows a document with the keys {', '.join(document)}")


def _check_settings(document: Document) -> None:
    """Settings of local mode, as the engine reads them."""
    data = config_maps(yaml.safe_dump(document, sort_keys=False))
    assert read_allow_list(data["backgroundjob-allow-list"]).malformed == {}
    read_config(data["backgroundjob-config"])


def _check_entries(document: Document) -> None:
    for key, value in document.items():
        parse_entry(key, yaml.safe_load(value) if isinstance(value, str) else value)


def _check_values(document: Document) -> None:
    """Values of the chart: its schema refuses what it does not know."""
    schema = json.loads((_CHART / "values.schema.json").read_text())
    defaults = yaml.safe_load((_CHART / "values.yaml").read_text())
    assert [error.message for error in Draft7Validator(schema).iter_errors(_merged(defaults, document))] == []
    for key, value in document.get("allowList", {}).get("entries", {}).items():
        _check_entries({key: value})


def _merged(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return {**base, **{key: _merged(base.get(key), value) for key, value in over.items()}}


def _check_kubernetes(document: Document) -> None:
    """An object of Kubernetes itself: the official client's model has each field, and loses none."""
    if document["kind"] == "ConfigMap" and document["metadata"]["name"] in _SETTINGS:
        _check_settings(document)
    version = document["apiVersion"].rpartition("/")[2]
    api = kube.ApiClient()
    model = f"{version[0].upper()}{version[1:]}{document['kind']}"
    parsed = api.deserialize(json.dumps(document), model, "application/json")
    assert api.sanitize_for_serialization(parsed) == document  # type: ignore[no-untyped-call]


def _keys_are(document: Mapping[str, Any], known: set[str] | frozenset[str]) -> bool:
    return set(document) <= known


_KINDS: Final[list[tuple[str, Callable[[Document], bool], Callable[[Document], object]]]] = [
    ("BackgroundJob", lambda found: found.get("kind") == "BackgroundJob", BackgroundJob.parse),
    ("Kubernetes", lambda found: "kind" in found, _check_kubernetes),
    (
        "spec of a BackgroundJob",
        lambda found: set(found) >= _ANY_SPEC,
        lambda found: BackgroundJobSpec.model_validate(found, by_alias=True, by_name=False),
    ),
    (
        "settings of local mode",
        lambda found: (
            _keys_are(found, {"allowList", "config"}) and "entries" not in found.get("allowList", {})
        ),
        _check_settings,
    ),
    ("entries", lambda found: all("." in key for key in found), _check_entries),
    ("configuration", lambda found: _keys_are(found, _TOPICS), lambda found: parse_config(_decoded(found))),
    (
        "part of an entry",
        lambda found: _keys_are(found, {"params", "defaults", "limits", "namespaces", "loggable"}),
        lambda found: parse_entry("a.B.c", found),
    ),
    ("values of the chart", lambda _: True, _check_values),
]
"""In this order: the first that fits. The last refuses every key that it does not know."""


def _decoded(topics: Document) -> Document:
    return {key: yaml.safe_load(value) if isinstance(value, str) else value for key, value in topics.items()}
