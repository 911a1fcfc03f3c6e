"""Positional arguments, size and depth."""

from typing import Any

from backgroundjob_operator.engine.validation import (
    ParamsSchema,
    bind_args,
    depth_problem,
    size_problem,
)

EMAIL = {
    "type": "object",
    "required": ["to"],
    "properties": {
        "to": {"type": "string", "format": "email"},
        "subject": {"type": "string", "maxLength": 20},
        "weight": {"type": "number"},
        "copies": {"type": "integer", "minimum": 1},
    },
}


def nested(levels: int) -> Any:
    """`levels` lists, one in the other."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_args_are_bound_to_names_in_the_order_of_the_schema() -> None:
    names = ParamsSchema(EMAIL).names

    assert bind_args(names, ["a@example.org", "Hi"], {"copies": 2}) == {
        "to": "a@example.org",
        "subject": "Hi",
        "copies": 2,
    }


def test_too_many_args_are_refused_with_the_names() -> None:
    assert bind_args(("to", "subject"), [1, 2, 3], {}) == "args has 3 values; the method takes 2: to, subject"


def test_args_of_a_method_without_parameters_are_refused() -> None:
    assert bind_args((), [1], {}) == "args has 1 values; the method takes 0: none"


def test_a_param_given_by_name_and_by_position_is_refused() -> None:
    assert (
        bind_args(("to",), ["a"], {"to": "b"})
        == "params.to is given twice: by name in params and by position in args"
    )


def test_64_kib_of_params_are_accepted_and_one_byte_more_is_not() -> None:
    # {"a":"…"} is 8 bytes and the text
    assert size_problem({"a": "x" * (65_536 - 8)}, []) is None
    assert size_problem({"a": "x" * (65_536 - 7)}, []) == (
        "params and args are 65537 bytes serialised, at most 65536 are accepted; "
        "put large data into storage and pass its address"
    )


def test_args_count_like_params() -> None:
    # ["…"] is 4 bytes and the text
    assert size_problem({}, ["x" * (65_536 - 4)]) is None
    assert size_problem({}, ["x" * (65_536 - 3)]) is not None


def test_params_and_args_count_together() -> None:
    assert size_problem({"a": "x" * 40_000}, ["x" * 40_000]) is not None


def test_size_is_counted_in_bytes_of_utf8() -> None:
    # 32,768 letters of 2 bytes are 64 KiB; the quotes and braces make it too much
    assert size_problem({"a": "é" * 32_764}, []) is None
    assert size_problem({"a": "é" * 32_765}, []) is not None


def test_half_a_surrogate_pair_is_measured_and_not_a_crash() -> None:
    assert size_problem({"a": "\ud800"}, []) is None


def test_eight_levels_of_params_are_accepted_and_nine_are_not() -> None:
    # params itself is the first level
    assert depth_problem({"a": nested(7)}, []) is None
    assert depth_problem({"a": nested(8)}, []) == (
        "params and args may be nested at most 8 levels deep; flatten them"
    )


def test_args_are_bounded_in_depth_too() -> None:
    assert depth_problem({}, [nested(7)]) is None
    assert depth_problem({}, [nested(8)]) is not None


def test_5000_levels_are_refused_without_recursion() -> None:
    assert depth_problem({"a": nested(5000)}, []) is not None
