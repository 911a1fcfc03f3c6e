"""JSON Schema as pydantic writes it -> structural schema as Kubernetes takes it.

What has a structural equivalent is translated: references are inlined, `anyOf [X, null]` becomes X (absent
and null are the same to the API server). Anything else raises: a keyword dropped in silence would be a
rule that nobody enforces.
"""

from collections.abc import Mapping
from typing import Any, Final

from backgroundjob.api.fields import STORED_DEFAULT
from backgroundjob.api.limits import INT32_MAX

_COPIED: Final = (
    "description",
    "type",
    "format",
    "nullable",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "maxProperties",
    "required",
)
_DROPPED: Final = frozenset({"title", "default", *STORED_DEFAULT})
_EXTENSION: Final = "x-kubernetes-"
_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_ANY_TYPE: Final = (_PRESERVE, "x-kubernetes-int-or-string")
_TRANSLATED: Final = frozenset({"properties", "items", "additionalProperties", "anyOf", "$ref", "const"})


class NotStructuralError(ValueError):
    """A part of a schema that Kubernetes cannot express: where, and what."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path or 'the root'}: {problem}")
        self.path = path
        self.problem = problem


def structural(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The structural schema of a document from `model_json_schema()`. Raises NotStructuralError."""
    return _translate(schema, schema.get("$defs", {}), "")


def _translate(schema: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> dict[str, Any]:
    node = _resolved(schema, definitions, path)
    unknown = [key for key in node if key not in _known(node)]
    if unknown:
        raise NotStructuralError(path, f"{unknown[0]} has no structural equivalent")
    out: dict[str, Any] = {key: node[key] for key in _COPIED if key in node}
    if "const" in node:
        out["enum"] = [node["const"]]
    if any(node.get(key) for key in STORED_DEFAULT):
        out["default"] = node["default"]
    if out.get("type") == "integer":
        out["format"] = _integer_format(node, path)
    out |= {key: value for key, value in node.items() if key.startswith(_EXTENSION)}
    if "type" not in out and not any(node.get(key) for key in _ANY_TYPE):
        raise NotStructuralError(path, f"no type; say {_PRESERVE} where any JSON is meant")
    return out | _children(node, definitions, path)


def _known(node: Mapping[str, Any]) -> frozenset[str]:
    extensions = {key for key in node if key.startswith(_EXTENSION)}
    return _DROPPED | _TRANSLATED | {"$defs"} | extensions | frozenset(_COPIED)


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The schema with references and `anyOf … null` merged in; what stands beside them wins."""
    node = dict(schema)
    while "$ref" in node or "anyOf" in node:
        if "$ref" in node:
            name = node.pop("$ref").removeprefix("#/$defs/")
            # A model's docstring speaks to developers; only a field's description is for users.
            target = {key: value for key, value in definitions[name].items() if key != "description"}
        else:
            branches = [branch for branch in node.pop("anyOf") if branch != {"type": "null"}]
            if len(branches) != 1:
                raise NotStructuralError(path, f"anyOf with {len(branches)} types")
            target = dict(branches[0])
        node = target | node
    return node


def _integer_format(node: Mapping[str, Any], path: str) -> str:
    if "minimum" not in node or "maximum" not in node:
        raise NotStructuralError(path, "an integer needs a minimum and a maximum")
    return "int32" if node["minimum"] >= -INT32_MAX and node["maximum"] <= INT32_MAX else "int64"


def _children(node: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if "items" in node:
        out["items"] = _translate(node["items"], definitions, f"{path}[]")
    extra = node.get("additionalProperties")
    if isinstance(extra, Mapping):
        out["additionalProperties"] = _translate(extra, definitions, f"{path}.*")
    elif extra is not None and not (extra is True and node.get(_PRESERVE)):
        raise NotStructuralError(path, f"additionalProperties: {extra} has no structural equivalent")
    if "properties" in node:
        out["properties"] = {
            name: _translate(child, definitions, f"{path}.{name}".removeprefix("."))
            for name, child in node["properties"].items()
        }
    return out
