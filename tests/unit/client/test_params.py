"""Parameters are checked before they are sent, and messages never show a value."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

import pytest

from backgroundjob.errors import InvalidParams
from backgroundjob.params import split_params


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    LARGE = 3


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


def test_a_dict_gives_named_parameters_and_a_list_positional_ones() -> None:
    assert split_params({"to": "a"}) == ({"to": "a"}, [])
    assert split_params(["param1", "param2"]) == ({}, ["param1", "param2"])
    assert split_params(("param1",)) == ({}, ["param1"])
    assert split_params(None) == ({}, [])


def test_values_become_plain_json() -> None:
    named, _ = split_params(
        {"t": (1, (2.5,)), "c": Colour.RED, "s": Size.LARGE, "n": None, "b": True, "m": {"k": {}}}
    )
    assert named == {"t": [1, [2.5]], "c": "red", "s": 3, "n": None, "b": True, "m": {"k": {}}}
    assert type(named["c"]) is str
    assert type(named["s"]) is int


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("to=a", "params is a str; give a dict, or a list or tuple"),
        ({"when": datetime(2026, 1, 1, tzinfo=UTC)}, "params.when is a datetime, which JSON does not have"),
        ({"items": [1, {"price": Decimal(1)}]}, "params.items[1].price is a Decimal"),
        ([b"x"], "args[0] is a bytes"),
        ({"x": float("nan")}, "params.x is not a finite number"),
        ({"x": 2**63}, "params.x is an integer beyond 64 bits and would lose digits"),
        ({"x": "\ud800"}, "params.x holds half of a surrogate pair"),
        ({"x": {1: "a"}}, "params.x has a key that is a int"),
        ({"no-identifier": 1}, "is not an identifier"),
        ({"": 1}, "is not an identifier"),
        ({1: 1}, "is not an identifier"),
        ({f"k{number}": 0 for number in range(65)}, "params has 65 keys; at most 64"),
        ([0] * 33, "args has 33 values; at most 32"),
        ({"x": nested(8)}, "is nested too deep; at most 8 levels"),
        ({"x": nested(5000)}, "is nested too deep; at most 8 levels"),
    ],
)
def test_a_value_that_cannot_be_sent_is_refused_by_its_path(params: Any, message: str) -> None:
    with pytest.raises(InvalidParams, match=re.escape(message)):
        split_params(params)


def test_the_limits_themselves_are_accepted() -> None:
    split_params({"x": nested(7)})
    split_params({"x": 2**63 - 1, "y": -(2**63)})
    split_params({f"k{number}": 0 for number in range(64)})


def test_a_circular_value_is_refused_as_too_deep() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(InvalidParams, match="nested too deep"):
        split_params({"x": circle})


def test_64_kib_of_params_are_accepted_and_one_byte_more_is_not() -> None:
    overhead = len('{"x":""}')
    split_params({"x": "a" * (65_536 - overhead)})
    with pytest.raises(InvalidParams, match="params is 65537 bytes as JSON; at most 65536"):
        split_params({"x": "a" * (65_537 - overhead)})


def test_size_is_counted_in_bytes_not_in_characters() -> None:
    with pytest.raises(InvalidParams, match="args is 80004 bytes"):
        split_params(["é" * 40_000])


def test_no_message_shows_a_value() -> None:
    with pytest.raises(InvalidParams) as caught:
        split_params({"password": ["hunter2", object()], "x": "hunter2"})
    assert "hunter2" not in str(caught.value)
