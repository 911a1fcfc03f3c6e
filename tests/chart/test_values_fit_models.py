"""The chart's schema and defaults against the models that the operator reads the ConfigMaps with."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from backgroundjob.api.allow_list import AllowListEntry, EntryLimits, parse_entry
from backgroundjob.api.config import (
    Defaults,
    LimitsConfig,
    OperatorConfig,
    Profile,
    QueueConfig,
    RetryDefaults,
    Times,
    parse_config,
)

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/backgroundjob"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFINITIONS = SCHEMA["$defs"]
CONFIG = SCHEMA["properties"]["config"]["properties"]
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())["config"]
EXAMPLES = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "examples/values").glob("*.yaml"))]

FITS = {
    "config": (OperatorConfig, SCHEMA["properties"]["config"]),
    "defaults": (Defaults, DEFINITIONS["defaults"]),
    "retry": (RetryDefaults, DEFINITIONS["retry"]),
    "queue": (QueueConfig, CONFIG["queues"]["additionalProperties"]),
    "limits": (LimitsConfig, CONFIG["limits"]),
    "profile": (Profile, DEFINITIONS["profile"]),
    "times": (Times, CONFIG["times"]),
    "entry": (AllowListEntry, DEFINITIONS["entry"]),
    "entry limits": (EntryLimits, DEFINITIONS["entry"]["properties"]["limits"]),
}


@pytest.mark.parametrize(("model", "schema"), FITS.values(), ids=FITS.keys())
def test_the_chart_takes_the_fields_that_the_operator_takes(
    model: type[BaseModel], schema: dict[str, Any]
) -> None:
    fields = {field.alias or name for name, field in model.model_fields.items()}
    assert schema["properties"].keys() == fields


def test_the_charts_defaults_are_the_operators() -> None:
    own = OperatorConfig()
    assert Times.model_validate(DEFAULTS["times"]) == own.times
    assert LimitsConfig.model_validate(DEFAULTS["limits"]) == own.limits
    assert DEFAULTS["priorities"] == own.priorities
    assert (DEFAULTS["defaults"], DEFAULTS["queues"]) == ({}, {})


ENTRIES = {
    key: yaml.safe_load(entry) if isinstance(entry, str) else entry
    for example in EXAMPLES
    for key, entry in example.get("allowList", {}).get("entries", {}).items()
}


@pytest.mark.parametrize("key", ENTRIES)
def test_the_operator_takes_every_entry_of_the_examples(key: str) -> None:
    parsed = parse_entry(key, ENTRIES[key])
    assert parsed.target_of(key).rpartition(":")[2] == key


@pytest.mark.parametrize("config", [one["config"] for one in EXAMPLES if "config" in one])
def test_the_operator_takes_every_configuration_of_the_examples(config: dict[str, Any]) -> None:
    assert parse_config(config).profile("default")["image"] == config["profiles"]["default"]["image"]
