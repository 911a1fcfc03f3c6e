"""The settings file: both forms, what is wrong with it, and changes while the engine runs."""

from typing import Any

import pytest
import yaml

from backgroundjob.errors import BackendUnavailable
from backgroundjob_operator.local.settings_text import config_maps
from backgroundjob_operator.runtime.config import read_allow_list, read_config
from local_mode import LocalMode, entry, until

ENTRY = entry("jobs.email:EmailJob.send")


async def test_a_missing_file_says_where_it_should_be_and_shows_one(local: LocalMode) -> None:
    local.options.settings_file.unlink()
    with pytest.raises(BackendUnavailable, match=r"no settings file .*settings\.yaml") as caught:
        async with local.engine():
            pass
    example = caught.value.next_step.partition("for example: ")[2]
    assert list(read_allow_list(config_maps(example)["backgroundjob-allow-list"]).entries) == [
        "EmailJob.send"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("allowlist: {}", "section allowlist is unknown; accepted: allowList, config", id="typo"),
        pytest.param("- a", "must hold a mapping", id="list"),
        pytest.param("", "must hold one document", id="empty"),
        pytest.param("allowList: [EmailJob.send]", "section allowList must be a mapping", id="section"),
        pytest.param("allowList: {a", "not YAML", id="not YAML"),
        pytest.param("config: {limits: {concurency: 2}}", "concurency", id="configuration"),
    ],
)
async def test_a_file_that_cannot_be_used_says_why(local: LocalMode, text: str, problem: str) -> None:
    local.options.settings_file.write_text(text)
    with pytest.raises(BackendUnavailable, match=problem):
        async with local.engine():
            pass


def test_the_two_config_maps_of_a_cluster_are_read_as_they_are() -> None:
    def config_map(name: str, data: dict[str, str]) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}

    text = yaml.safe_dump_all(
        [
            config_map("backgroundjob-allow-list", {"EmailJob.send": yaml.safe_dump(ENTRY)}),
            config_map("backgroundjob-config", {"limits": "concurrency: 3"}),
        ]
    )
    maps = config_maps(text)
    assert list(read_allow_list(maps["backgroundjob-allow-list"]).entries) == ["EmailJob.send"]
    config = read_config(maps["backgroundjob-config"])
    assert (config.limits.concurrency, config.profiles["default"].image) == (3, "this-machine")


def test_the_order_of_properties_is_kept_for_positional_arguments() -> None:
    names = ["zebra", "apple", "mango"]
    params = {"type": "object", "properties": {name: {} for name in names}}
    text = yaml.safe_dump({"allowList": {"A.b": {"target": "a:A.b", "params": params}}}, sort_keys=False)
    compiled = read_allow_list(config_maps(text)["backgroundjob-allow-list"]).entries["A.b"]
    assert list(compiled.schema.names) == names


async def test_a_change_is_taken_up_while_the_engine_runs_and_a_broken_one_is_not(local: LocalMode) -> None:
    async with local.engine() as engine:
        local.options.settings_file.write_text(yaml.safe_dump({"allowList": {"New.name": ENTRY}}))
        await until(lambda: list(engine._source.settings.allow_list.entries) == ["New.name"])  # type: ignore[union-attr]
        local.options.settings_file.write_text("allowList: {a")
        await until(lambda: engine._file._seen == engine._file._stamp())
        assert list(engine._source.settings.allow_list.entries) == ["New.name"]  # type: ignore[union-attr]
        local.submit("New.name", {"to": "a@example.org"}, name="mail")
        [status] = await local.ended("mail")
    assert status["state"] == "Succeeded"
