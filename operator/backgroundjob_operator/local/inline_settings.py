"""What the inline backend allows: what it was given, else local mode's file and this process's typed jobs."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from backgroundjob.api.explain import explain
from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP
from backgroundjob.errors import BackendUnavailable, NotAllowed
from backgroundjob.stored_settings import StoredSettings
from backgroundjob_operator.engine.catalogue import Settings
from backgroundjob_operator.local.settings_text import completed, config_maps, module_names
from backgroundjob_operator.local.state import LocalOptions
from backgroundjob_operator.runtime.config import SettingsSource

Typed = tuple[Mapping[str, Mapping[str, Any]], Mapping[str, str]]
"""Entries by key, and by key why there is none."""


def typed_entries() -> Typed:
    """Those of the JobClasses that this process has imported."""
    from backgroundjob.catalogue import entries_of_process  # noqa: PLC0415  makes models: not for every import

    return entries_of_process()


class InlineSettings:
    """The two ConfigMaps of the inline backend, and what the engine makes of them."""

    def __init__(self, given: StoredSettings | None, typed: Callable[[], Typed] = typed_entries) -> None:
        """Raises BackendUnavailable for a file or configuration that cannot be used."""
        self._typed = typed
        self._lock = threading.Lock()
        self._takes_typed = given is None or given.allow_list is None
        self._stored = _from_file() if given is None else given
        self._source = SettingsSource(ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP, lambda _: None)
        self._apply(CONFIG_CONFIG_MAP, completed(dict(self._stored.config or {})))
        problem = self._source.problems.get(CONFIG_CONFIG_MAP)
        if problem is not None:
            raise BackendUnavailable("inline", problem, "correct the configuration")
        self._allow_list = dict(self._stored.allow_list or {})
        self._apply(ALLOW_LIST_CONFIG_MAP, self._allow_list)

    @property
    def current(self) -> Settings:
        """For the engine."""
        return self._source.settings

    @property
    def stored(self) -> StoredSettings:
        """For `plan` and `allow-list list`."""
        if self._takes_typed:
            self._take_typed()
        config = completed(dict(self._stored.config or {}))
        return StoredSettings(allow_list=dict(self._allow_list), config=config)

    def look_up(self, key: str) -> None:
        """Take in typed jobs that were imported since, unless this one is known. Raises NotAllowed.

        It says why a typed job has no entry; what is no typed job is left to the engine.
        """
        if key in self._allow_list or not self._takes_typed:
            return
        problem = self._take_typed().get(key)
        if problem is not None:
            raise NotAllowed(key, problem)

    def _take_typed(self) -> Mapping[str, str]:
        """All that there are now; an entry that was given stays. By key, why there is none."""
        with self._lock:
            entries, problems = self._typed()
            texts = {key: yaml.safe_dump(dict(entry), sort_keys=False) for key, entry in entries.items()}
            allow_list = texts | self._allow_list
            self._apply(ALLOW_LIST_CONFIG_MAP, allow_list)
            self._allow_list = allow_list  # last: who finds a key here is sure that it is in use
        return problems

    def _apply(self, name: str, data: Mapping[str, str]) -> None:
        self._source.apply("MODIFIED", {"metadata": {"name": name}, "data": dict(data)})


def _from_file() -> StoredSettings:
    """The file of local mode; nothing where there is none."""
    path = LocalOptions.from_environment().settings_file
    try:
        text = path.read_text(encoding="utf-8")
        found = config_maps(text)
        modules = module_names(text)
    except FileNotFoundError:
        return StoredSettings()
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BackendUnavailable("inline", f"{path}: {explain(error)}", "correct the file") from error
    if modules:
        from backgroundjob.catalogue import entries  # noqa: PLC0415  makes models: not for every import

        entries(modules)  # imports them, so that their jobs are among those of the process
    return StoredSettings(allow_list=found[ALLOW_LIST_CONFIG_MAP], config=found[CONFIG_CONFIG_MAP])
