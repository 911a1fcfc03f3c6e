"""The generated CRD: current, small, and by the conventions of Kubernetes' own API linter."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from backgroundjob.api import crd
from backgroundjob.api.reasons import (
    Backoff,
    Cause,
    ConditionType,
    DependencyCondition,
    Outcome,
    Reason,
    State,
)

ROOT = Path(__file__).parents[3]
DOCUMENT = yaml.safe_load(crd.render())
VERSION = DOCUMENT["spec"]["versions"][0]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]
SPEC = SCHEMA["properties"]["spec"]
STATUS = SCHEMA["properties"]["status"]

Node = tuple[str, dict[str, Any]]


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[Node]:
    """Every schema below this one, with its path."""
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}", child
        yield from nodes(child, f"{path}.{name}")
    if "items" in schema:
        yield f"{path}[]", schema["items"]
        yield from nodes(schema["items"], f"{path}[]")


NODES = dict(nodes(SCHEMA))


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {path: node for path, node in NODES.items() if node.get("type") == kind}


def lacking(found: dict[str, dict[str, Any]], *keys: str) -> list[str]:
    return [path for path, node in found.items() if not all(key in node for key in keys)]


def messages(schema: dict[str, Any]) -> set[str]:
    return {rule["message"] for rule in schema.get("x-kubernetes-validations", ())}


@pytest.mark.parametrize("path", crd.PATHS)
def test_the_committed_file_is_what_the_models_say(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == crd.render(), f"{path} is stale: run `make crds`"


def test_check_names_the_stale_file_and_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crd.main(["--check", str(tmp_path)]) == 1
    assert "run `make crds`" in capsys.readouterr().err


def test_written_files_pass_the_check(tmp_path: Path) -> None:
    assert crd.main([str(tmp_path)]) == 0
    assert crd.main(["--check", str(tmp_path)]) == 0


def test_the_crd_fits_a_client_side_apply() -> None:
    assert len(crd.render().encode()) <= crd.SIZE_LIMIT_BYTES


def test_every_field_is_described_in_sentences() -> None:
    # The API server refuses a description of metadata; items are described by their list.
    described = {
        path: node for path, node in NODES.items() if path != ".metadata" and not path.endswith("[]")
    }
    assert lacking(described, "description") == []
    assert [path for path, node in described.items() if not node["description"].endswith(".")] == []


def test_every_string_is_bounded() -> None:
    strings = {path: node for path, node in of_type("string").items() if "enum" not in node}
    assert lacking(strings, "maxLength") == []


def test_every_integer_is_bounded_and_sized() -> None:
    assert lacking(of_type("integer"), "minimum", "maximum", "format") == []


def test_every_list_is_bounded_and_says_how_it_merges() -> None:
    assert lacking(of_type("array"), "maxItems", "x-kubernetes-list-type") == []


def test_there_are_no_floats() -> None:
    assert of_type("number") == {}


def test_free_json_stands_only_where_the_contract_has_it() -> None:
    free = {path for path, node in NODES.items() if node.get("x-kubernetes-preserve-unknown-fields")}
    assert free == {".spec.params", ".spec.args[]", ".status.result"}


def test_booleans_are_the_reasoned_ones() -> None:
    # suspend is batch/v1's own; cancel is one way; charged has no third value.
    assert set(of_type("boolean")) == {".spec.suspend", ".spec.cancel", ".status.attempts[].charged"}


def test_only_fields_that_nothing_else_defaults_have_a_stored_default() -> None:
    stored = {path: node["default"] for path, node in NODES.items() if "default" in node}
    assert stored == {
        ".spec.suspend": False,
        ".spec.cancel": False,
        ".spec.restarts": 0,
        ".spec.dependsOn[].condition": "Succeeded",
    }


def test_the_status_requires_nothing() -> None:
    assert "required" not in STATUS
    assert SCHEMA["required"] == ["spec"]
    assert SPEC["required"] == ["class", "method"]


def test_the_name_is_a_dns_label() -> None:
    # A name of 253 characters with dots would fail as a label and as a Job's name.
    name = SCHEMA["properties"]["metadata"]["properties"]["name"]
    assert name["maxLength"] == 63
    assert "." not in name["pattern"]


def test_null_items_of_args_are_nullable() -> None:
    # Without it one null item makes every later update of the object fail.
    assert SPEC["properties"]["args"]["items"]["nullable"] is True


IMMUTABLE = ("params", "args", "paramsFrom", "retry", "queue", "concurrencyKey", "dependsOn")


@pytest.mark.parametrize("field", IMMUTABLE)
def test_the_field_cannot_change_nor_go(field: str) -> None:
    rules = {rule.get("fieldPath"): rule["rule"] for rule in SPEC["x-kubernetes-validations"]}
    assert f"{field} is immutable" in messages(SPEC)
    assert rules[f".{field}"].startswith("has(")


def test_the_terminal_rule_is_at_the_root() -> None:
    # A rule on status does not run when the status is removed.
    assert "a terminal condition is final until restartsObserved grows" in messages(SCHEMA)
    assert messages(STATUS) == set()


def test_words_that_the_api_server_checks_are_the_enums() -> None:
    assert NODES[".status.state"]["enum"] == list(State)
    assert NODES[".spec.retry.backoff"]["enum"] == list(Backoff)
    assert NODES[".spec.dependsOn[].condition"]["enum"] == list(DependencyCondition)


WORD_LISTS = {
    ".status.reason": Reason,
    ".status.attempts[].outcome": Outcome,
    ".status.attempts[].cause": Cause,
    ".status.conditions[].type": ConditionType,
}


@pytest.mark.parametrize(("path", "words"), WORD_LISTS.items(), ids=WORD_LISTS.keys())
def test_explain_names_every_word_of_the_closed_list(path: str, words: type[Reason]) -> None:
    assert [word for word in words if word not in NODES[path]["description"]] == []


def test_columns_show_effective_values_and_no_date_ahead() -> None:
    columns = {column["name"]: column for column in VERSION["additionalPrinterColumns"]}
    assert columns["Priority"]["jsonPath"] == ".status.priority"
    assert columns["Next-Retry"]["type"] == "string"
    shown = [name for name, column in columns.items() if not column.get("priority")]
    assert shown == ["Class", "Method", "State", "Attempts", "Priority", "Next-Retry", "Age"]


def test_columns_and_selectors_point_at_fields_that_exist() -> None:
    paths = [column["jsonPath"] for column in VERSION["additionalPrinterColumns"]]
    paths += [field["jsonPath"] for field in VERSION["selectableFields"]]
    assert [path for path in paths if path not in NODES and path != ".metadata.creationTimestamp"] == []


def test_names_are_those_that_users_type() -> None:
    names = DOCUMENT["spec"]["names"]
    assert (names["shortNames"], names["categories"]) == (["bgjob", "bgj"], ["background"])
    assert VERSION["subresources"] == {"status": {}}
