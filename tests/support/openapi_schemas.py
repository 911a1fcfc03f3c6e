"""JSON Schemas for kubeconform, made from the OpenAPI document of the cluster that will read the objects."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

Schema = dict[str, Any]

_DEFINITIONS: Final = "definitions.json"
# The API reads both from a number too; OpenAPI v2 cannot say so.
_TEXT_OR_NUMBER: Final = ("io.k8s.apimachinery.pkg.api.resource.Quantity",)


def write_schemas(openapi: Schema, directory: Path) -> str:
    """One file for each kind; returns the location that kubeconform takes."""
    definitions = {name: _schema(name, found) for name, found in openapi["definitions"].items()}
    (directory / _DEFINITIONS).write_text(json.dumps({"definitions": definitions}))
    for name, found in openapi["definitions"].items():
        for file in _files(found.get("x-kubernetes-group-version-kind", [])):
            reference = {"$ref": f"{_DEFINITIONS}#/definitions/{name}"}
            (directory / file).write_text(json.dumps(reference))
    return f"{directory}/{{{{.ResourceKind}}}}_{{{{.Group}}}}_{{{{.ResourceAPIVersion}}}}.json"


def _files(kinds: list[dict[str, str]]) -> Iterator[str]:
    """Names as kubeconform asks for them: in the core group the version stands for the group."""
    for kind in kinds:
        yield f"{kind['kind'].lower()}_{kind['group'] or kind['version']}_{kind['version']}.json"


def _schema(name: str, found: Schema) -> Schema:
    return {"type": ["string", "number"]} if name in _TEXT_OR_NUMBER else _strict(found)


def _strict(schema: Schema) -> Schema:
    """The schema with unknown fields refused wherever fields are named."""
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        return {"type": ["string", "integer"]}
    strict = dict(schema)
    if "properties" in schema:
        strict["properties"] = {name: _strict(child) for name, child in schema["properties"].items()}
        strict.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(strict.get(key), dict):
            strict[key] = _strict(strict[key])
    return strict
