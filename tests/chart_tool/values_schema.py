"""values.schema.json: from values.yaml, and for allowList.entries and config from the operator's models."""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from backgroundjob.api.allow_list import AllowListEntry
from backgroundjob.api.config import OperatorConfig
from backgroundjob.api.fields import PRIORITY_NAME
from backgroundjob.api.limits import DEFAULT_PROFILE, PRIORITY_LIMIT
from tests.chart_tool.values_comments import Path, Value, values

_TYPES: Final = {
    bool: "boolean",
    int: "integer",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}
_DROPPED: Final = ("title", "default", "x-kubernetes-")
"""Of no use to a reader, or rules in CEL, which JSON Schema does not have."""
_INT_OR_STRING: Final = "x-kubernetes-int-or-string"
_PRIORITY: Final = {
    "type": ["integer", "string"],
    "minimum": -PRIORITY_LIMIT,
    "maximum": PRIORITY_LIMIT,
    "maxLength": 63,
    "pattern": PRIORITY_NAME,
}


def render_schema(text: str) -> str:
    """The schema of the chart with this values.yaml. Draft 7: the newest that every Helm 3 reads."""
    rows = values(text)
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart backgroundjob",
        **_object((), rows),
        "$defs": _definitions(),
    }
    return json.dumps(schema, indent=2) + "\n"


def _object(path: Path, rows: tuple[Value, ...]) -> dict[str, Any]:
    members = {row.path[-1]: _member(row, rows) for row in rows if row.path[:-1] == path}
    return {"type": "object", "additionalProperties": False, "properties": members}


def _member(row: Value, rows: tuple[Value, ...]) -> dict[str, Any]:
    if "$ref" in row.schema:
        # Nothing may stand beside a reference in draft 7.
        return dict(row.schema)
    said = {"description": row.description} if row.description else {}
    if isinstance(row.default, dict) and not row.schema:
        return said | _object(row.path, rows)
    typed = {} if "enum" in row.schema else {"type": _TYPES[type(row.default)]}
    return {**said, **typed, **row.schema}


def _definitions() -> dict[str, Any]:
    """The models with which the operator checks the ConfigMaps, plus what the chart itself needs."""
    _, document = models_json_schema([(OperatorConfig, "validation"), (AllowListEntry, "validation")])
    definitions: dict[str, Any] = _translated(document["$defs"])
    config = definitions[OperatorConfig.__name__]
    config["required"] = ["profiles"]
    profiles = config["properties"]["profiles"]
    # The templates read it, so unlike another profile it cannot be taken away with null.
    profiles["required"] = [DEFAULT_PROFILE]
    profiles["properties"] = {DEFAULT_PROFILE: {"$ref": "#/$defs/Profile"}}
    return definitions


def _translated(node: Any) -> Any:
    if isinstance(node, list):
        return [_translated(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get(_INT_OR_STRING):
        return _PRIORITY
    if "patternProperties" in node:
        return _named(node)
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    kept = {name: value for name, value in node.items() if not name.startswith(_DROPPED)}
    fields = kept.pop("properties", None)
    out = {name: _translated(value) for name, value in kept.items()}
    return (
        out
        if fields is None
        else out | {"properties": {name: _translated(one) for name, one in fields.items()}}
    )


def _named(node: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping of names; null takes a name of an earlier values file away."""
    ((pattern, item),) = node["patternProperties"].items()
    return {
        "type": "object",
        "propertyNames": _translated(node["propertyNames"]) | {"pattern": pattern},
        "additionalProperties": {"anyOf": [_translated(item), {"type": "null"}]},
    }
