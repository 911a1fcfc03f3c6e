"""docs/configuration.md against the models that the ConfigMaps are read with."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from backgroundjob.api import limits
from backgroundjob.api.allow_list import AllowListEntry, EntryLimits
from backgroundjob.api.config import (
    Defaults,
    LimitsConfig,
    OperatorConfig,
    Profile,
    QueueConfig,
    RetryDefaults,
    Times,
)
from backgroundjob.policy.effective import RetryPolicy
from backgroundjob_operator.runtime.config import read_allow_list, read_config

PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()
SECTIONS: dict[str, type[BaseModel]] = {
    "An entry": AllowListEntry,
    "Limits of an entry": EntryLimits,
    "backgroundjob-config": OperatorConfig,
    "Defaults": Defaults,
    "Retry": RetryDefaults,
    "Queues": QueueConfig,
    "Limits": LimitsConfig,
    "Profiles": Profile,
    "Times": Times,
}


def rows(section: str) -> dict[str, list[str]]:
    """Cells of the section's table by key."""
    (text,) = re.findall(rf"^##+ {section}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    return {key: [cell.strip() for cell in rest.split(" | ")] for key, rest in lines}


def example(name: str) -> dict[str, str]:
    """The data of the ConfigMap in the page's example."""
    (text,) = re.findall(rf"^```yaml\n# {name}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    data: dict[str, str] = yaml.safe_load(text)
    return data


@pytest.mark.parametrize(("section", "model"), SECTIONS.items(), ids=SECTIONS)
def test_the_page_has_every_key_that_the_operator_takes_and_no_other(
    section: str, model: type[BaseModel]
) -> None:
    assert sorted(rows(section)) == sorted(field.alias or name for name, field in model.model_fields.items())


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_has_a_type_a_default_and_an_effect(section: str) -> None:
    for key, cells in rows(section).items():
        assert len(cells) >= 3, key
        assert all(cells), key


NUMBERS: list[tuple[str, str, object]] = [
    *(("Times", str(field.alias), field.default) for field in Times.model_fields.values()),
    ("Limits", "concurrency", LimitsConfig().concurrency),
    ("Defaults", "timeoutSeconds", limits.DEFAULT_TIMEOUT_SECONDS),
    ("Defaults", "ttlSecondsAfterFinished", limits.DEFAULT_TTL_SECONDS),
    ("Retry", "maxAttempts", RetryPolicy().max_attempts),
    ("Retry", "delaySeconds", RetryPolicy().delay_seconds),
    ("Retry", "jitterPercent", RetryPolicy().jitter_percent),
    ("Retry", "maxDisruptions", RetryPolicy().max_disruptions),
    ("Retry", "backoff", f"`{RetryPolicy().backoff}`"),
    ("Defaults", "priority", f"`{limits.DEFAULT_PRIORITY}`"),
    ("Defaults", "queue", f"`{limits.DEFAULT_QUEUE}`"),
    ("An entry", "profile", f"`{limits.DEFAULT_PROFILE}`"),
]


@pytest.mark.parametrize(("section", "key", "default"), NUMBERS)
def test_the_page_tells_the_default_that_is_in_force(section: str, key: str, default: object) -> None:
    assert rows(section)[key][1] == str(default)


def _bounds(field: Any) -> tuple[int, int] | None:
    found = re.findall(r"G?g?e=(-?\d+)|[Ll]e=(-?\d+)", repr(field))
    low, high = [a for a, _ in found if a], [b for _, b in found if b]
    return (int(low[0]), int(high[0])) if low and high else None


BOUNDED = [
    (section, str(field.alias or name), bounds)
    for section, model in SECTIONS.items()
    for name, field in model.model_fields.items()
    if (bounds := _bounds(field)) is not None and "tuple" not in repr(field.annotation)
]


@pytest.mark.parametrize(("section", "key", "bounds"), BOUNDED)
def test_the_page_tells_the_bounds_that_are_in_force(section: str, key: str, bounds: tuple[int, int]) -> None:
    assert f"{bounds[0]:,} to {bounds[1]:,}" in rows(section)[key][0]


def test_the_examples_are_taken_by_the_operator() -> None:
    allow_list = read_allow_list(example("allow-list"))

    assert allow_list.malformed == {}
    assert len(allow_list.entries) == 2
    assert read_config(example("config")).profiles.keys() == {"default", "gpu"}


@pytest.mark.parametrize("key", rows("Profiles"))
def test_the_example_of_each_profile_key_is_taken(key: str) -> None:
    value = yaml.safe_load(rows("Profiles")[key][3].strip("`"))
    default = {"image": "x", key: value}

    config = read_config({"profiles": yaml.safe_dump({"default": default})})

    assert key in config.profile("default")
