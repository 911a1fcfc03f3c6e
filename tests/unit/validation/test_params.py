"""Params against a schema: what is refused, and what the refusal says."""

import socket
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backgroundjob_operator.engine.validation import (
    InvalidSchema,
    ParamsSchema,
    nearest,
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
TO = {"to": "a@example.org"}


def problems(params: dict[str, Any], schema: dict[str, Any] | None = None, **options: Any) -> list[str]:
    """Every problem as its sentence."""
    return [str(one) for one in ParamsSchema(schema or EMAIL).problems(params, **options)]


def nested(levels: int) -> Any:
    """`levels` lists, one in the other."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_params_that_fit_have_no_problem() -> None:
    assert problems({**TO, "subject": "Hi", "weight": 1, "copies": 2}) == []


def test_a_missing_param_is_refused_by_name() -> None:
    assert problems({}) == ["params.to is missing"]


def test_an_unknown_param_is_refused_with_the_nearest_name() -> None:
    assert problems({**TO, "subjcet": 1}) == [
        "params.subjcet is not a parameter of this method; did you mean subject?"
    ]


def test_an_unknown_param_near_to_nothing_is_refused_with_all_names() -> None:
    assert problems({**TO, "zzz": 1}) == [
        "params.zzz is not a parameter of this method; accepted: to, subject, weight, copies"
    ]


def test_a_method_without_parameters_accepts_none() -> None:
    assert [str(one) for one in ParamsSchema({}).problems({"to": 1})] == [
        "params.to is not a parameter of this method; accepted: none"
    ]


def test_a_schema_that_says_so_accepts_unknown_params() -> None:
    assert problems({"a": 1}, {"additionalProperties": True}) == []


def test_a_param_that_matches_a_pattern_is_not_called_unknown() -> None:
    schema = {"patternProperties": {"^x_": {}}, "additionalProperties": False}

    assert problems({"x_a": 1, "y": 1}, schema) == [
        "params.y is not a parameter of this method; accepted: none"
    ]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"to": 5}, 'params.to breaks the schema\'s rule type: "string"'),
        ({"to": "nobody"}, 'params.to breaks the schema\'s rule format: "email"'),
        ({**TO, "subject": "x" * 21}, "params.subject breaks the schema's rule maxLength: 20"),
        ({**TO, "copies": 0}, "params.copies breaks the schema's rule minimum: 1"),
        ({**TO, "copies": True}, 'params.copies breaks the schema\'s rule type: "integer"'),
        ({**TO, "weight": None}, 'params.weight breaks the schema\'s rule type: "number"'),
    ],
)
def test_a_mistyped_param_is_refused_by_its_rule(params: dict[str, Any], sentence: str) -> None:
    assert problems(params) == [sentence]


def test_a_problem_inside_a_list_names_the_place() -> None:
    schema = {"properties": {"rows": {"items": {"required": ["id"], "properties": {"id": {}}}}}}

    assert problems({"rows": [{"id": 1}, {}]}, schema) == ["params.rows[1].id is missing"]


def test_at_most_five_problems_are_told() -> None:
    assert len(problems({**TO, **{f"unknown_{index}": 1 for index in range(9)}})) == 5


def test_a_long_name_is_cut_in_the_message() -> None:
    (sentence,) = problems({**TO, "n" * 5000: 1})

    assert sentence.startswith(f"params.{'n' * 80}… is not a parameter")


def test_a_param_from_a_secret_counts_as_given() -> None:
    assert problems({}, assume_present={"to"}) == []


def test_a_param_from_a_secret_that_the_method_lacks_is_refused() -> None:
    assert problems(TO, assume_present={"tken"}) == [
        "params.tken is not a parameter of this method; accepted: to, subject, weight, copies"
    ]


@pytest.mark.parametrize(
    "rules",
    [
        {"anyOf": [{"required": ["token"]}, {"required": ["to"]}]},
        {"minProperties": 1},
        {"dependentRequired": {"subject": ["token"]}},
        {"patternProperties": {"^to": {"minLength": 8}}, "additionalProperties": False, "properties": {}},
        {"allOf": [{"properties": {"token": {"minLength": 8}}}]},
    ],
    ids=lambda rules: next(iter(rules)),
)
def test_a_secret_param_counts_for_every_keyword_and_its_value_for_none(rules: dict[str, Any]) -> None:
    schema = ParamsSchema({"properties": {"token": {"type": "integer"}, "to": {}, "subject": {}}, **rules})

    params = {"subject": "x"} if "dependentRequired" in rules else {}

    assert schema.problems(params, assume_present=["token"]) == ()


def test_a_reference_to_another_host_is_refused_without_a_network_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("a schema was downloaded")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_network)

    assert problems({}, {"$ref": "https://example.org/schema.json"}) == [
        "params cannot be checked: the schema refers to https://example.org/schema.json, which it lacks"
    ]


def test_a_schema_that_refers_to_itself_without_end_refuses_and_does_not_crash() -> None:
    assert problems({"a": 1}, {"$ref": "#", "additionalProperties": True}) == [
        "params cannot be checked: the schema refers to itself without end"
    ]


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ({"type": "objekt"}, "params.type: 'objekt' is not valid"),
        ({"properties": {"to": {"pattern": "("}}}, r"params.properties.to.pattern: '\(' is not a 'regex'"),
        ({"properties": {True: {}}}, "params.properties: the key True is not text; put it in quotes"),
        ({"properties": {"a": nested(5000)}}, "params: nested too deeply, or contains itself"),
    ],
    ids=["unknown type", "broken pattern", "YAML's on", "5,000 levels"],
)
def test_a_malformed_schema_is_refused_by_its_place(schema: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidSchema, match=sentence):
        ParamsSchema(schema)


@pytest.mark.parametrize(
    ("rule", "given_value", "passed"),
    [
        ({"type": "number"}, 1, 1.0),
        ({"type": ["number", "null"]}, 1, 1.0),
        ({"type": "integer"}, 1.0, 1),
        ({"type": ["integer", "number"]}, 1, 1),
        ({"type": "number"}, True, True),
        ({"type": "number"}, 10**400, 10**400),
        ({"type": "string"}, "1", "1"),
        ({}, 1, 1),
        (True, 1, 1),
    ],
)
def test_a_number_arrives_as_the_schema_types_it(rule: object, given_value: object, passed: object) -> None:
    coerced = ParamsSchema({"properties": {"x": rule}}).coerced({"x": given_value})

    assert (coerced, type(coerced["x"])) == ({"x": passed}, type(passed))


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("EmailJob.sned", ["EmailJob.send", "InvoiceJob.create"], "EmailJob.send"),
        ("x", ["EmailJob.send"], None),
        ("x", [], None),
    ],
)
def test_the_nearest_name_is_the_one_a_typing_error_meant(
    name: str, known: list[str], meant: str | None
) -> None:
    assert nearest(name, known) == meant


STRANGE = st.text(alphabet="ЖΔΩ☃✂", min_size=6)
"""Values that no schema and no sentence holds by accident."""


@given(
    to=STRANGE,
    subject=STRANGE | st.lists(STRANGE, max_size=2),
    copies=STRANGE,
    rows=st.lists(st.dictionaries(st.just("id"), STRANGE), max_size=3),
    unknown=STRANGE,
)
def test_no_message_contains_a_value(
    to: str, subject: object, copies: str, rows: list[dict[str, str]], unknown: str
) -> None:
    rules = [
        {"properties": {"id": {"type": "integer"}}, "required": ["id"]},
        {"const": [1]},
        {"uniqueItems": True},
        {"anyOf": [{"maxItems": 0}, {"enum": [1]}]},
        {"not": {"minItems": 1}},
        {"contains": {"type": "null"}},
        {"dependentRequired": {"id": ["other"]}},
        {"propertyNames": {"maxLength": 1}},
    ]
    schema = {**EMAIL, "properties": {**EMAIL["properties"], "rows": {"items": rules[0], "allOf": rules[1:]}}}  # type: ignore[dict-item]  # JSON
    params = {"to": to, "subject": subject, "copies": copies, "rows": rows, "other": unknown}

    text = " ".join(problems(params, schema))

    assert text
    assert not set(text) & set("ЖΔΩ☃✂")


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("iri", "https://müller.example/straße?ü=1#ä", True),
        ("iri", "https://a.example", True),
        ("iri", "no scheme", False),
        ("iri", "https://a.example/a b", False),
        ("iri-reference", "../straße", True),
        ("iri-reference", "a b", False),
        ("uri", "https://straße.example", False),
        ("date", "2026-02-30", False),
        ("hostname", "a.example", True),
    ],
)
def test_formats_are_checked(name: str, value: str, fits: bool) -> None:
    schema = ParamsSchema({"properties": {"it": {"format": name}}})
    assert (not schema.problems({"it": value})) is fits
    assert not schema.problems({"it": 3})


def test_no_grammar_is_built_at_the_start() -> None:
    script = "import backgroundjob_operator.engine.validation, sys; print('rfc3987_syntax' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout == "False\n"
