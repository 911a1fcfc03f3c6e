"""What the type hints of a job accept: the client and the operator say the same of every JSON value."""

import json
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict, Union

import pytest
import typing_extensions
from hypothesis import given
from hypothesis import strategies as st

from backgroundjob import InvalidJob, InvalidParams, JobClass, JobMethod, Schema, Secret, job
from backgroundjob.params import split_params
from backgroundjob.schema import check_params, params_schema
from backgroundjob_operator.engine.validation import ParamsSchema


class Address(TypedDict):
    street: str
    number: NotRequired[int]


class Part(TypedDict, total=False):
    name: Required[str]
    parts: "list[Part]"


class Wide(Address):
    title: Literal["home", "work"] | None


class Modern(typing_extensions.TypedDict):
    count: int


class Colour(Enum):
    RED = "red"


class Dated(TypedDict):
    when: date


make_typed_dict: Any = TypedDict


def taking(hint: Any) -> JobMethod[..., Any]:
    """A job with one parameter of that hint."""

    def run(self: Any, value: Any) -> None: ...

    run.__annotations__["value"] = hint
    owner: Any = type("Made", (JobClass,), {"run": job(run)})
    method: JobMethod[..., Any] = owner.run
    return method


def client_accepts(hint: Any, value: Any) -> bool:
    try:
        check_params(taking(hint), split_params({"value": value})[0])
    except InvalidParams:
        return False
    return True


def operator_accepts(hint: Any, value: Any) -> bool:
    return not ParamsSchema(params_schema(taking(hint))).problems(json.loads(json.dumps({"value": value})))


LEAVES: list[Any] = [
    *(str, int, float, bool, None, Any, list, dict, object),
    *(Address, Part, Wide, Modern),
    *(Literal["a", "b"], Literal[0, 1], Literal[True], Literal["a", 1, True, None], Literal[1, "1"]),
    *(Annotated[str, Schema(minLength=1, maxLength=2)], Annotated[str, Schema(pattern="[ab]$")]),
    *(Annotated[int, Schema(minimum=0, exclusiveMaximum=3)], Annotated[float, Schema(multipleOf=0.5)]),
    Annotated[int | str | None, Schema(minimum=1, maxLength=1)],
    Annotated[list[int] | dict[str, int], Schema(minItems=1, maxProperties=1, maxLength=0)],
]
TEXTS = st.sampled_from(["", "a", "b", "ab", "1", "work", "street", "count", "name", "parts", "number", "\n"])


def wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        inner.map(lambda hint: list[hint]),  # type: ignore[valid-type]  # a value
        inner.map(lambda hint: dict[str, hint]),  # type: ignore[valid-type]  # a value
        st.lists(inner, min_size=1, max_size=3).map(lambda hints: Union[tuple(hints)]),  # noqa: UP007  as many as there are
        inner.map(lambda hint: Annotated[hint, Schema(description="anything")]),
        inner.map(lambda hint: make_typed_dict("Made", {"a": hint, "b": NotRequired[hint]})),
    )


HINTS = st.recursive(st.sampled_from(LEAVES), wider, max_leaves=4)
# The API server gives 1.0 back as 1.
NUMBERS = st.integers(-2, 4) | st.floats(-2, 4, width=16).filter(lambda number: not number.is_integer())
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
PARTS: st.SearchStrategy[Any] = st.deferred(
    lambda: st.fixed_dictionaries({"name": TEXTS}, optional={"parts": st.lists(PARTS | VALUES, max_size=2)})
)
ADDRESSES = st.fixed_dictionaries({"street": TEXTS}, optional={"number": NUMBERS, "title": TEXTS})


@given(HINTS, VALUES | PARTS | ADDRESSES | st.fixed_dictionaries({"a": VALUES}, optional={"b": VALUES}))
def test_client_and_operator_accept_the_same(hint: Any, value: Any) -> None:
    assert client_accepts(hint, value) == operator_accepts(hint, value)


@pytest.mark.parametrize(
    ("hint", "value", "accepted"),
    [
        (int, True, False),
        (bool, 1, False),
        (bool, 0, False),
        (float, 1, True),
        (float, True, False),
        (float, 2**60, True),
        (str, 1, False),
        (int, "1", False),
        (None, None, True),
        (int | None, None, True),
        (Literal[1], True, False),
        (Literal[True], 1, False),
        (Literal["1"], 1, False),
        (list[int], [1, True], False),
        (Address, {"street": "x"}, True),
        (Address, {"street": "x", "number": "1"}, False),
        (Address, {"street": "x", "more": 1}, False),
        (Address, {}, False),
        (Wide, {"street": "x", "title": None}, True),
        (Wide, {"street": "x", "title": "other"}, False),
        (Part, {"name": "x", "parts": [{"name": "y", "parts": []}]}, True),
        (Part, {"name": "x", "parts": [{"parts": []}]}, False),
        (Modern, {"count": 1}, True),
        (list[Address | None], [None, {"street": "x"}], True),
        (Annotated[int | None, Schema(minimum=1)], 0, False),
        (Annotated[int | None, Schema(minimum=1)], None, True),
        (Annotated[list[int], Schema(maxLength=1)], [1, 2], True),
        (Annotated[str, Schema(pattern="b")], "abc", True),
        (Annotated[str, Schema(pattern="^(?!a)")], "abc", False),
    ],
)
def test_both_say(hint: Any, value: Any, accepted: bool) -> None:
    assert (client_accepts(hint, value), operator_accepts(hint, value)) == (accepted, accepted)


@pytest.mark.parametrize("hint", [int, Literal[1], list[int], int | None])
def test_a_float_for_an_int_is_refused_in_python_alone(hint: Any) -> None:
    """As a type checker refuses it; in JSON they are one number."""
    value = [1.0] if hint == list[int] else 1.0
    assert (client_accepts(hint, value), operator_accepts(hint, value)) == (False, True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), [float("nan")]])
def test_no_hint_takes_a_number_that_json_lacks(value: Any) -> None:
    assert not any(client_accepts(hint, value) for hint in (float, Any, list, list[float]))


@pytest.mark.parametrize(
    ("hint", "wrong"),
    [
        (Annotated[str, Schema(format="email")], "nobody"),
        (Annotated[str, Schema(enum=["a"])], "b"),
        (Annotated[list[int], Schema(uniqueItems=True)], [1, 1]),
        (Annotated[Any, Schema(maxLength=1)], "ab"),
    ],
)
def test_other_rules_are_the_operators_to_check(hint: Any, wrong: Any) -> None:
    assert (client_accepts(hint, wrong), operator_accepts(hint, wrong)) == (True, False)


@pytest.mark.parametrize(
    ("hint", "problem"),
    [
        (list[date], "hinted date, which JSON does not have; take a str and call date.fromisoformat"),
        (Dated, "hinted date"),
        (Secret | None, "hinted Secret, which JSON does not have; hint it Secret and nothing else"),
        (Literal[Colour.RED], "hinted Literal, which JSON does not have"),
        (dict[int, str], "hinted dict"),
        (
            Annotated[str, Schema(pattern="(")],
            "a rule of a Schema cannot be applied: missing \\), unterminated",
        ),
    ],
)
def test_a_hint_that_json_cannot_carry_is_told_at_once(hint: Any, problem: str) -> None:
    with pytest.raises(InvalidJob, match=problem):
        params_schema(taking(hint))


def test_what_a_literal_takes_is_said() -> None:
    with pytest.raises(InvalidParams, match=r"params\.value input should be 1 or 'a'"):
        check_params(taking(Literal[1, "a"]), {"value": True})
