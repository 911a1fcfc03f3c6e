"""JSON Schema to structural schema: translated, or refused by path."""

from typing import Any

import pytest
from pydantic import BaseModel, Field

from backgroundjob.api.structural import NotStructuralError, structural


class Inner(BaseModel):
    """For developers."""

    size: int = Field(ge=0, le=10, description="How big.")


class Outer(BaseModel):
    """A model with a reference and an optional field."""

    inner: Inner = Field(description="For users.")
    maybe: Inner | None = None


def test_references_are_inlined_and_null_branches_vanish() -> None:
    inner = {
        "type": "object",
        "required": ["size"],
        "properties": {
            "size": {
                "description": "How big.",
                "type": "integer",
                "minimum": 0,
                "maximum": 10,
                "format": "int32",
            }
        },
    }
    properties = structural(Outer.model_json_schema())["properties"]
    assert properties == {"inner": inner | {"description": "For users."}, "maybe": inner}


def test_a_default_is_stored_only_where_it_is_marked() -> None:
    field = {"type": "boolean", "default": False}
    assert structural(field) == {"type": "boolean"}
    assert structural(field | {"x-stored-default": True}) == field


def test_an_integer_that_needs_64_bits_says_so() -> None:
    assert structural({"type": "integer", "minimum": 0, "maximum": 2**53 - 1})["format"] == "int64"


def test_a_constant_becomes_an_enum_of_one() -> None:
    assert structural({"type": "string", "const": "a"}) == {"type": "string", "enum": ["a"]}


def test_a_map_of_strings_keeps_its_values_schema() -> None:
    found = structural({"type": "object", "additionalProperties": {"type": "string", "maxLength": 5}})
    assert found["additionalProperties"] == {"type": "string", "maxLength": 5}


REFUSED: dict[str, dict[str, Any]] = {
    "a union of types": {"anyOf": [{"type": "string"}, {"type": "boolean"}]},
    "a tuple": {"type": "array", "prefixItems": [{"type": "string"}]},
    "an exclusive bound": {"type": "integer", "exclusiveMinimum": 0, "maximum": 5},
    "unique items": {"type": "array", "uniqueItems": True},
    "key patterns": {"type": "object", "patternProperties": {"a": {}}},
    "a closed object": {"type": "object", "additionalProperties": False},
    "an open object that does not say so": {"type": "object", "additionalProperties": True},
    "any JSON that does not say so": {"description": "What?"},
    "an unbounded integer": {"type": "integer"},
}


@pytest.mark.parametrize("schema", REFUSED.values(), ids=REFUSED.keys())
def test_what_kubernetes_cannot_express_is_refused_by_path(schema: dict[str, Any]) -> None:
    with pytest.raises(NotStructuralError) as caught:
        structural({"type": "object", "properties": {"a": {"type": "array", "items": schema}}})
    assert caught.value.path == "a[]"
