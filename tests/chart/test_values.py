"""What the chart's values accept: the schema against the defaults, the examples and common mistakes."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/backgroundjob"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
EXAMPLES = sorted((ROOT / "examples/values").glob("*.yaml"))


def merged(base: Any, over: Any) -> Any:
    """`over` on `base` as Helm merges values: objects by key, everything else replaced."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return deepcopy(over)
    return {**base, **{key: merged(base.get(key), value) for key, value in over.items()}}


def refusals(values: dict[str, Any]) -> list[str]:
    """Paths that the schema refuses in the defaults with these values on top."""
    found = Draft7Validator(SCHEMA).iter_errors(merged(VALUES, values))
    return sorted(".".join(str(part) for part in error.absolute_path) for error in found)


def test_the_schema_itself_is_valid() -> None:
    Draft7Validator.check_schema(SCHEMA)


def test_the_default_values_are_accepted() -> None:
    assert refusals({}) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_accepted(example: Path) -> None:
    assert refusals(yaml.safe_load(example.read_text())) == []


ACCEPTED = {
    "an entry as text": {"allowList": {"entries": {"A.b": "target: a:A.b\n"}}},
    "an empty entry": {"allowList": {"entries": {"A.b": {}}}},
    "a dotted class": {"allowList": {"entries": {"shop.mail.A.b": {}}}},
    "a budget in percent": {"podDisruptionBudget": {"minAvailable": "50%"}},
    "a priority by its name": {"config": {"defaults": {"priority": "high"}}},
    "an entry taken away": {"allowList": {"entries": {"A.b": None}}},
    "a priority taken away": {"config": {"priorities": {"low": None}}},
    "ageing off": {"config": {"times": {"ageingSeconds": 0}}},
    "globals of a parent chart": {"global": {"anything": 1}},
}


@pytest.mark.parametrize("values", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_is_meant_to_work_is_accepted(values: dict[str, Any]) -> None:
    assert refusals(values) == []


REFUSED = {
    "a misspelt value": ({"imagePullSecret": []}, ""),
    "a misspelt nested value": ({"image": {"repo": "x"}}, "image"),
    "a digest without algorithm": ({"image": {"digest": "abc"}}, "image.digest"),
    "an unknown log format": ({"logFormat": "xml"}, "logFormat"),
    "a key without method": ({"allowList": {"entries": {"EmailJob": {}}}}, "allowList.entries"),
    "a key with a dunder": ({"allowList": {"entries": {"A.__b": {}}}}, "allowList.entries"),
    "an entry with an image": (
        {"allowList": {"entries": {"A.b": {"image": "evil"}}}},
        "allowList.entries.A.b",
    ),
    "a target without method": (
        {"allowList": {"entries": {"A.b": {"target": "jobs.a"}}}},
        "allowList.entries.A.b",
    ),
    "an unknown configuration topic": ({"config": {"time": {}}}, "config"),
    "a duration as text": ({"config": {"times": {"ageingSeconds": "1m"}}}, "config.times.ageingSeconds"),
    "no slots at all": ({"config": {"limits": {"concurrency": 0}}}, "config.limits.concurrency"),
    "a priority out of range": ({"config": {"priorities": {"top": 1001}}}, "config.priorities.top"),
    "a profile that names a container": (
        {"config": {"profiles": {"default": {"containers": []}}}},
        "config.profiles.default",
    ),
    "a variable of the chart's own": (
        {"extraEnv": [{"name": "BACKGROUNDJOB_LEASE", "value": "x"}]},
        "extraEnv.0.name",
    ),
    "a namespace that cannot exist": ({"watchNamespaces": ["Shop"]}, "watchNamespaces.0"),
    "a namespace twice": ({"watchNamespaces": ["shop", "shop"]}, "watchNamespaces"),
    "a crowd of operators": ({"replicaCount": 11}, "replicaCount"),
    "half an operator": (
        {"podDisruptionBudget": {"minAvailable": "half"}},
        "podDisruptionBudget.minAvailable",
    ),
    "a label that is the chart's own": ({"commonLabels": {"app.kubernetes.io/name": "x"}}, "commonLabels"),
    "no DNS at all": ({"networkPolicy": {"dnsPeers": []}}, "networkPolicy.dnsPeers"),
    "no default profile": ({"config": {"profiles": {"default": None}}}, "config.profiles.default"),
    "a label that selects the operator": (
        {"podLabels": {"app.kubernetes.io/component": "x"}},
        "podLabels",
    ),
}


@pytest.mark.parametrize(("values", "path"), REFUSED.values(), ids=REFUSED.keys())
def test_a_mistake_is_refused_where_it_stands(values: dict[str, Any], path: str) -> None:
    assert refusals(values) == [path]


def open_objects(schema: dict[str, Any], path: str = "") -> list[str]:
    """Paths of the objects that have fixed names and yet take others."""
    own = schema.get("properties", {})
    nested = [row for name, child in own.items() for row in open_objects(child, f"{path}.{name}")]
    return [path, *nested] if own and schema.get("additionalProperties", True) is True else nested


def test_no_object_with_fixed_names_takes_other_names() -> None:
    whole = {"properties": {**SCHEMA["properties"], **SCHEMA["$defs"]}, "additionalProperties": False}
    assert open_objects(whole) == []
