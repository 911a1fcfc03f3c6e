"""JSON of any depth passes, and what is shallow is untouched."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backgroundjob.api.json_depth import MAX_DEPTH, bounded, depth_of

# Strings full of what a careless scanner trips over.
TEXT = st.text(alphabet='[]{}",:\\/ab\n\u2028é\x00', max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=40,
)


def cut(value: Any, levels: int) -> Any:
    """The specification: lists and objects below `levels` are null."""
    if not isinstance(value, dict | list):
        return value
    if levels == 0:
        return None
    if isinstance(value, dict):
        return {key: cut(child, levels - 1) for key, child in value.items()}
    return [cut(child, levels - 1) for child in value]


def encoded(value: Any, *, ascii_only: bool = False) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only).encode()


@given(VALUES, st.booleans())
def test_shallow_text_is_returned_as_it_is(value: Any, ascii_only: bool) -> None:
    raw = encoded(value, ascii_only=ascii_only)
    assert bounded(raw) is raw


@given(VALUES, st.integers(1, 6), st.booleans())
def test_what_is_too_deep_becomes_null_and_the_rest_stays(
    value: Any, max_depth: int, ascii_only: bool
) -> None:
    found = json.loads(bounded(encoded(value, ascii_only=ascii_only), max_depth))
    assert found == cut(value, max_depth)
    assert depth_of(found) == min(depth_of(value), max_depth)


@given(VALUES)
def test_text_with_whitespace_is_cut_in_the_same_places(value: Any) -> None:
    raw = json.dumps(value, indent=2).encode()
    assert json.loads(bounded(raw, 2)) == cut(value, 2)


@given(st.binary(max_size=60), st.integers(1, 3))
def test_what_is_not_json_is_left_to_the_parser(raw: bytes, max_depth: int) -> None:
    assert isinstance(bounded(raw, max_depth), bytes)


@pytest.mark.parametrize("levels", [5_000, 10_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
def test_one_deep_object_leaves_the_rest_of_a_list_readable(
    levels: int, opening: bytes, closing: bytes
) -> None:
    deep = b'{"name":"deep","params":' + opening * levels + b"1" + closing * levels + b',"after":"]"}'
    raw = b'{"items":[{"name":"a"},' + deep + b',{"name":"b","x":["[["]}]}'
    items = json.loads(bounded(raw))["items"]
    assert (items[0], items[2]) == ({"name": "a"}, {"name": "b", "x": ["[["]})
    assert items[1]["name"] == "deep"
    assert items[1]["after"] == "]"


def test_what_was_cut_is_still_too_deep_for_the_contract() -> None:
    raw = b'{"object":{"spec":{"params":' + b"[" * 5_000 + b"]" * 5_000 + b"}}}"
    assert depth_of(json.loads(bounded(raw))["object"]["spec"]["params"]) == MAX_DEPTH - 3


@pytest.mark.parametrize(
    ("value", "depth"),
    [(1, 0), ("[", 0), ([], 1), ({}, 1), ([1, [2]], 2), ({"a": [{}]}, 3), ((((),),), 3)],
)
def test_depth_counts_lists_and_objects(value: Any, depth: int) -> None:
    assert depth_of(value) == depth


def test_depth_of_a_deep_value_needs_no_recursion() -> None:
    value: list[Any] = []
    for _ in range(50_000):
        value = [value]
    assert depth_of(value) == 50_001
    while value:  # the interpreter frees nested lists recursively, in C; spare it the depth
        value = value.pop()
