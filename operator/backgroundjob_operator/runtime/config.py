"""Settings from the two ConfigMaps: reloaded live, an entry at a time, the last good one on error."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from backgroundjob.api.allow_list import parse_entry
from backgroundjob.api.config import OperatorConfig, parse_config
from backgroundjob.api.explain import UNREADABLE, explain
from backgroundjob_operator.engine.catalogue import AllowList, CompiledEntry, Settings
from backgroundjob_operator.engine.validation import ParamsSchema

_log = logging.getLogger(__name__)


class ConfigError(ValueError):
    """A ConfigMap that cannot be used as a whole. The message names the key and what is wrong."""


def read_allow_list(data: Mapping[str, str]) -> AllowList:
    """Compile every entry. A malformed one takes out itself alone."""
    entries: dict[str, CompiledEntry] = {}
    malformed: dict[str, str] = {}
    for key, text in data.items():
        try:
            entry = parse_entry(key, yaml.safe_load(text))
            entries[key] = CompiledEntry(key, entry, ParamsSchema(entry.params))
        except UNREADABLE as error:
            malformed[key] = explain(error)
    return AllowList(entries, malformed)


def read_config(data: Mapping[str, str]) -> OperatorConfig:
    """The configuration from its topics. Raises ConfigError: half a configuration is none."""
    try:
        return parse_config({topic: yaml.safe_load(text) for topic, text in data.items()})
    except UNREADABLE as error:
        raise ConfigError(explain(error)) from error


class SettingsSource:
    """Folds ConfigMap events into Settings and tells `changed` when they differ."""

    def __init__(
        self,
        allow_list_name: str,
        config_name: str,
        changed: Callable[[Settings], None],
        version_changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._allow_list_name = allow_list_name
        self._config_name = config_name
        self._changed = changed
        self._version_changed = version_changed
        self.settings = Settings(allow_list=None, config=OperatorConfig())
        self.allow_list_version: str | None = None
        """The ConfigMap's resourceVersion; None where there is none, as in local mode."""
        self._data: dict[str, Mapping[str, str]] = {}
        """What was last read, by ConfigMap: a version that says the same changes nothing."""
        self.problems: dict[str, str] = {}
        """By ConfigMap, or ConfigMap/key: what is wrong with it now. Exported as a metric."""

    def apply(self, event_type: str, document: Mapping[str, Any]) -> None:
        """Take in one version of a ConfigMap."""
        name = document["metadata"]["name"]
        if name not in (self._allow_list_name, self._config_name):
            return
        if event_type == "DELETED":
            self._missing(name)
            return
        self._note_version(name, document["metadata"].get("resourceVersion"))
        data = dict(document.get("data") or {})
        if self._data.get(name) == data:
            return
        self._data[name] = data
        (self._take_allow_list if name == self._allow_list_name else self._take_config)(name, data)

    def replace(self, name: str, documents: Iterable[Mapping[str, Any]], _version: int) -> None:
        """Take in the complete list of the ConfigMaps of that name: one or none."""
        found = list(documents)
        for document in found:
            self.apply("ADDED", document)
        if not found:
            self._missing(name)

    def _note_version(self, name: str, version: str | None) -> None:
        if name == self._allow_list_name and version != self.allow_list_version:
            self.allow_list_version = version
            self._version_changed()

    def _missing(self, name: str) -> None:
        self._data.pop(name, None)
        self._note_version(name, None)
        self._problem(name, f"ConfigMap {name} does not exist; {self._instead(name)}")

    def _instead(self, name: str) -> str:
        config = self.settings.config if self.settings.is_configured else None
        kept = self.settings.allow_list if name == self._allow_list_name else config
        return "the last good one stays in use" if kept is not None else "nothing starts until there is one"

    def _take_allow_list(self, name: str, data: Mapping[str, str]) -> None:
        allow_list = read_allow_list(data)
        found = {
            f"{name}/{key}": f"entry {key} is malformed and not in use: {sentence}"
            for key, sentence in allow_list.malformed.items()
        }
        self._keep_problems(name, found)
        for where, sentence in found.items():
            self._problem(where, sentence)
        self._change(Settings(allow_list, self.settings.config))

    def _take_config(self, name: str, data: Mapping[str, str]) -> None:
        try:
            config = read_config(data)
        except ConfigError as error:
            self._problem(name, f"ConfigMap {name} is not used: {error}; {self._instead(name)}")
            return
        self._keep_problems(name, {})
        self._change(Settings(self.settings.allow_list, config))

    def _change(self, settings: Settings) -> None:
        self.settings = settings
        entries = len(settings.allow_list.entries) if settings.allow_list else 0
        _log.info(
            "settings changed: %s allowed methods, concurrency %s",
            entries,
            settings.config.limits.concurrency,
        )
        self._changed(settings)

    def _problem(self, where: str, sentence: str) -> None:
        if self.problems.get(where) != sentence:
            _log.error("%s", sentence)
        self.problems[where] = sentence

    def _keep_problems(self, name: str, still: Mapping[str, str]) -> None:
        """Forget what is no longer wrong with a ConfigMap; what still is, is not told again."""
        self.problems = {
            where: text
            for where, text in self.problems.items()
            if where.partition("/")[0] != name or where in still
        }
