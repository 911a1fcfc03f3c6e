"""Settings from the two ConfigMaps: live, an entry at a time, the last good one on error."""

import logging
from typing import Any

import pytest
import yaml

from backgroundjob_operator.engine.catalogue import Settings
from backgroundjob_operator.runtime.config import ConfigError, SettingsSource, read_allow_list, read_config

SEND = "target: jobs.email:EmailJob.send\nparams: {properties: {to: {type: string}}}"
PROFILES = "default: {image: runner:1}"


class Watched:
    """A source, and what it told."""

    def __init__(self) -> None:
        self.now = 0
        self.told: list[Settings] = []
        self.versions: list[str | None] = []
        self.source = SettingsSource("allow", "config", self.told.append, self._note_version)

    def allow(self, event: str = "MODIFIED", **data: str) -> None:
        """A version of the allow-list; keys are written with __ for the dot."""
        self._take("allow", event, {key.replace("__", "."): text for key, text in data.items()})

    def config(self, event: str = "MODIFIED", **data: str) -> None:
        """A version of the configuration."""
        self._take("config", event, data)

    def _take(self, name: str, event: str, data: dict[str, str]) -> None:
        self.now += 1
        self.source.apply(event, {"metadata": {"name": name, "resourceVersion": str(self.now)}, "data": data})

    def _note_version(self) -> None:
        self.versions.append(self.source.allow_list_version)

    @property
    def allowed(self) -> list[str]:
        """Keys of the allow-list in use."""
        allow_list = self.source.settings.allow_list
        return sorted(allow_list.entries) if allow_list else []


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_both_config_maps_make_the_settings(watched: Watched) -> None:
    watched.allow(EmailJob__send=SEND)
    watched.config(profiles=PROFILES, limits="concurrency: 7")

    last = watched.told[-1]
    assert last is watched.source.settings
    assert last.allow_list is not None
    assert last.allow_list.entries["EmailJob.send"].entry.target == "jobs.email:EmailJob.send"
    assert (last.config.limits.concurrency, last.is_configured) == (7, True)
    assert watched.source.problems == {}


MALFORMED = {
    "unknown key": ("targt: x", "unknown key targt (did you mean target?)"),
    "wrong type": ("loggable: to", "loggable: Input should be a valid tuple"),
    "not a mapping": ("[]", "must be a YAML mapping with keys such as target and params, not a list"),
    "not YAML": ("a: [", "not YAML: expected the node content, but found '<stream end>' in line 1"),
    "no module": ("{}", "target: missing; B has no module, give target: module:B.run"),
    "bad schema": ("target: b:B.run\nparams: {type: objekt}", "params.type: 'objekt' is not valid"),
    "YAML's on": (
        "target: b:B.run\nparams: {properties: {on: {}}}",
        "params.properties: the key True is not text; put it in quotes",
    ),
    "impossible date": ("description: 2026-13-01", "month must be in 1..12"),
    "nested too deeply": ("params: " + "[" * 5000 + "]" * 5000, "nested too deeply, or contains itself"),
    "contains itself": (
        "target: b:B.run\nparams: &a {properties: *a}",
        "params: nested too deeply, or contains itself",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_entry_takes_out_itself_alone_and_says_why(text: str, sentence: str) -> None:
    allow_list = read_allow_list({"EmailJob.send": SEND, "B.run": text})

    assert list(allow_list.entries) == ["EmailJob.send"]
    assert list(allow_list.malformed) == ["B.run"]
    assert sentence in allow_list.malformed["B.run"]


def test_a_malformed_entry_is_told_by_its_key_and_field(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.allow(EmailJob__send=SEND, B__run="targt: b:B.run")

    assert watched.allowed == ["EmailJob.send"]
    (where, sentence), *others = watched.source.problems.items()
    assert (where, others) == ("allow/B.run", [])
    assert sentence.startswith("entry B.run is malformed and not in use: unknown key targt")
    assert sentence in caplog.messages


def test_a_corrected_entry_is_taken_and_its_problem_goes(watched: Watched) -> None:
    watched.allow(EmailJob__send="targt: x")

    watched.allow(EmailJob__send=SEND)

    assert (watched.allowed, watched.source.problems) == (["EmailJob.send"], {})


UNUSABLE: dict[str, tuple[dict[str, str], str]] = {
    "unknown topic": ({"limit": "{}"}, "unknown key limit (did you mean limits?)"),
    "unknown field": ({"limits": "concurency: 1"}, "limits: unknown key concurency"),
    "out of range": ({"limits": "concurrency: 0"}, "limits.concurrency: Input should be greater than"),
    "not YAML": ({"limits": "a: ["}, "not YAML"),
    "no image": ({"profiles": "default: {}"}, "profiles.default.image: missing"),
    "reserved label": (
        {"profiles": "default: {image: x, labels: {backgroundjob.dev/uid: y}}"},
        "labels may not set backgroundjob.dev/uid",
    ),
}


@pytest.mark.parametrize(("data", "sentence"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_configuration_is_used_whole_or_not_at_all(data: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config({"profiles": PROFILES, **data})

    assert sentence in str(caught.value)


def test_an_unusable_configuration_leaves_the_last_good_one_in_use(watched: Watched) -> None:
    watched.config(profiles=PROFILES, limits="concurrency: 7")

    watched.config(profiles=PROFILES, limits="concurrency: none")

    assert watched.source.settings.config.limits.concurrency == 7
    assert watched.source.problems["config"].endswith("; the last good one stays in use")
    assert "limits.concurrency" in watched.source.problems["config"]
    assert len(watched.told) == 1


def test_an_unusable_configuration_before_any_good_one_says_that_nothing_starts(watched: Watched) -> None:
    watched.config(limits="concurrency: none")

    assert watched.source.problems["config"].endswith("; nothing starts until there is one")
    assert not watched.source.settings.is_configured


@pytest.mark.parametrize("name", ["allow", "config"])
def test_a_config_map_that_never_existed_is_told(watched: Watched, name: str) -> None:
    watched.source.replace(name, [], 5)

    assert watched.source.problems == {
        name: f"ConfigMap {name} does not exist; nothing starts until there is one"
    }
    assert watched.told == []


def test_a_deleted_config_map_leaves_the_last_good_settings_in_use(watched: Watched) -> None:
    watched.allow(EmailJob__send=SEND)
    watched.config(profiles=PROFILES)

    watched.allow("DELETED")
    watched.config("DELETED")

    assert watched.allowed == ["EmailJob.send"]
    assert watched.source.settings.is_configured
    assert watched.source.problems == {
        name: f"ConfigMap {name} does not exist; the last good one stays in use"
        for name in ("allow", "config")
    }


def test_a_config_map_that_comes_back_as_it_was_clears_its_problem(watched: Watched) -> None:
    watched.allow(EmailJob__send=SEND)
    watched.allow("DELETED")

    watched.allow("ADDED", EmailJob__send=SEND)

    assert watched.source.problems == {}


def test_an_entry_taken_away_is_no_longer_allowed(watched: Watched) -> None:
    watched.allow(EmailJob__send=SEND, B__run="target: b:B.run")

    watched.allow(B__run="target: b:B.run")

    assert watched.allowed == ["B.run"]


def test_an_emptied_allow_list_allows_nothing_and_is_not_a_missing_one(watched: Watched) -> None:
    watched.allow(EmailJob__send=SEND)

    watched.source.apply("MODIFIED", {"metadata": {"name": "allow", "resourceVersion": "2"}})

    assert watched.allowed == []
    assert watched.source.settings.allow_list is not None


def test_a_live_change_is_told_and_a_version_that_says_the_same_is_not(watched: Watched) -> None:
    watched.config(profiles=PROFILES, limits="concurrency: 7")
    watched.config(profiles=PROFILES, limits="concurrency: 7")
    watched.config(profiles=PROFILES, limits="concurrency: 8")

    assert [settings.config.limits.concurrency for settings in watched.told] == [7, 8]


def test_a_problem_is_logged_once_however_often_it_is_seen(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)

    for number in range(3):
        watched.allow(EmailJob__send="targt: x", **{f"B__run{number}": "target: b:B.run"})

    assert len(caplog.messages) == 1


def test_a_config_map_of_another_name_is_none_of_ours(watched: Watched) -> None:
    watched.source.apply("ADDED", {"metadata": {"name": "other"}, "data": {"x": "["}})

    assert (watched.told, watched.source.problems) == ([], {})


def test_an_empty_topic_says_nothing() -> None:
    assert read_config({"profiles": PROFILES, "queues": ""}) == read_config({"profiles": PROFILES})


def test_text_written_as_yaml_reads_back_as_it_was_meant() -> None:
    document: dict[str, Any] = {"mail": {"concurrency": 5, "paused": True}}

    config = read_config({"profiles": PROFILES, "queues": yaml.safe_dump(document)})

    assert (config.queues["mail"].concurrency, config.queues["mail"].paused) == (5, True)


def test_every_version_of_the_allow_list_is_told_and_none_of_the_configuration(watched: Watched) -> None:
    watched.allow(EmailJob__send=SEND)
    watched.config(profiles=PROFILES)
    watched.allow(EmailJob__send=SEND)  # a label was changed
    watched.allow("DELETED")

    assert watched.versions == ["1", "3", None]
