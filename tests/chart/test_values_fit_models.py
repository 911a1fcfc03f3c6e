"""The chart's defaults and examples against the models that the operator reads the ConfigMaps with."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from backgroundjob.api.allow_list import parse_entry
from backgroundjob.api.config import LimitsConfig, OperatorConfig, Times, parse_config

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/backgroundjob"
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())["config"]
EXAMPLES = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "examples/values").glob("*.yaml"))]


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
