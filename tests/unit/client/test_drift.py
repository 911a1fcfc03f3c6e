"""How code and allow-list differ, without either."""

from typing import Any

import pytest

from backgroundjob.api.allow_list import AllowListEntry, parse_entry
from backgroundjob.drift import call_text, drifts, params_text

STRING = {"type": "string"}
SEND: dict[str, Any] = {
    "target": "jobs.email:EmailJob.send",
    "params": {"type": "object", "required": ["to"], "properties": {"to": STRING, "subject": STRING}},
    "defaults": {"timeoutSeconds": 300, "retry": {"maxAttempts": 5}},
}
STEP = "bgjob allow-list generate jobs.email"


def stored(**changes: Any) -> dict[str, AllowListEntry]:
    return {"EmailJob.send": parse_entry("EmailJob.send", {**SEND, **changes})}


def params(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def told(found: dict[str, AllowListEntry]) -> list[tuple[str, str]]:
    return [(one.text, one.next_step) for one in drifts({"EmailJob.send": SEND}, found)]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"namespaces": ["shop"], "profile": "big"}, id="namespaces and profile"),
        pytest.param({"limits": {"maxAttempts": 5, "timeoutSeconds": 300, "concurrency": 1}}, id="limits"),
        pytest.param({"defaults": {"timeoutSeconds": 60}}, id="stricter defaults"),
        pytest.param({"description": "Send one e-mail.", "loggable": ["to"]}, id="words"),
        pytest.param(
            {"params": params("to", to=STRING | {"format": "email"}, subject=STRING | {"maxLength": 9})},
            id="stricter parameters",
        ),
    ],
)
def test_what_the_administrator_decides_is_no_difference(changes: dict[str, Any]) -> None:
    assert told(stored(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"target": "jobs.mail:EmailJob.send"},
            "target: the code says jobs.email:EmailJob.send, the allow-list jobs.mail:EmailJob.send",
        ),
        ({"params": params("to", to=STRING)}, "params.subject: the code takes it, the allow-list does not"),
        (
            {"params": params("to", to=STRING, subject=STRING, cc=STRING)},
            "params.cc: the allow-list takes it, the code does not",
        ),
        (
            {"params": params("to", to={"type": "integer"}, subject=STRING)},
            "params.to: the code takes string, the allow-list integer",
        ),
        (
            {"params": params(to=STRING, subject=STRING)},
            "params.to: the code requires it, the allow-list does not",
        ),
        (
            {"params": params("to", "subject", to=STRING, subject=STRING)},
            "params.subject: the allow-list requires it, the code does not",
        ),
        (
            {"params": SEND["params"] | {"additionalProperties": True}},
            "params: only the allow-list takes further parameters",
        ),
    ],
)
def test_what_the_code_decides_is_a_difference_by_field(changes: dict[str, Any], text: str) -> None:
    assert told(stored(**changes)) == [(text, STEP)]


def test_defaults_of_the_code_beyond_the_limits_are_told() -> None:
    limits = {"maxAttempts": 2, "timeoutSeconds": 60}
    assert [text for text, _ in told(stored(limits=limits, defaults={}))] == [
        "defaults.retry.maxAttempts: the code says 5, above the entry's limit of 2",
        "defaults.timeoutSeconds: the code says 300, above the entry's limit of 60",
    ]


def test_a_method_that_the_allow_list_lacks_is_told() -> None:
    assert told({}) == [("is not in the allow-list", STEP)]


def test_an_entry_of_a_known_module_whose_method_is_gone_is_told() -> None:
    gone = {"EmailJob.old": parse_entry("EmailJob.old", {"target": "jobs.email:EmailJob.old"})}
    assert told(stored() | gone) == [
        ("the code has no jobs.email:EmailJob.old (any more)", "take the entry out of the allow-list")
    ]


def test_entries_of_other_modules_and_second_names_are_left_alone() -> None:
    others = {
        "InvoiceJob.create": parse_entry("InvoiceJob.create", {"target": "jobs.invoice:InvoiceJob.create"}),
        "Mail.send": parse_entry("Mail.send", {"target": "jobs.email:EmailJob.send"}),
    }
    assert told(stored() | others) == []


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({}, ""),
        (SEND["params"], "to: string, subject?: string"),
        (params(tags={"type": "array", "items": STRING}), "tags?: string[]"),
        (params(mode={"enum": ["a", 1]}), 'mode?: "a"|1'),
        (params(x={"anyOf": [{"type": "integer"}, {"type": "null"}]}), "x?: integer|null"),
        (params(x={"type": ["string", "null"]}, y={"$ref": "#/$defs/Item"}), "x?: string|null, y?: Item"),
        (params(x={"type": "array", "items": {"enum": ["a", "b"]}}), 'x?: ("a"|"b")[]'),
        (params(x=True) | {"additionalProperties": True}, "x?: any, …"),
    ],
)
def test_parameters_in_short(schema: dict[str, Any], text: str) -> None:
    assert params_text(schema) == text


def test_the_call_names_every_required_parameter_in_the_form_it_takes() -> None:
    schema = params("to", "count", "tags", "more", to=STRING, count={"type": "integer"})
    schema["properties"] |= {"tags": {"type": "array"}, "more": {"type": "object"}, "late": STRING}
    assert call_text("EmailJob.send", schema) == (
        "bgjob run EmailJob.send to=... count:=... tags:='[...]' more:='{...}'"
    )
