"""The settings file while an engine runs: read, and read again when it changes."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from backgroundjob.api.explain import explain
from backgroundjob.api.labels import CONFIG_CONFIG_MAP
from backgroundjob.errors import BackendUnavailable
from backgroundjob_operator.local.settings_text import LocalSettings, read_settings
from backgroundjob_operator.local.state import SETTINGS_VARIABLE
from backgroundjob_operator.local.typed_modules import Stamp, stamp_of
from backgroundjob_operator.runtime.config import SettingsSource

_EXAMPLE: Final = (
    "for the typed jobs of a module, such as jobs.py: bgjob dev jobs; or create it, for example: "
    '{"modules": ["jobs"], "allowList": {"EmailJob.send": {"target": "jobs.email:EmailJob.send"}}}'
)
_log = logging.getLogger(__name__)


class SettingsFile:
    """Feeds the file, and the modules that it names, to a SettingsSource as the events of two ConfigMaps."""

    def __init__(self, path: Path, source: SettingsSource, directory: Path) -> None:
        """`directory` is where modules are imported."""
        self._path = path
        self._source = source
        self._directory = directory
        self._files: Sequence[Path] = (path,)
        self._seen: tuple[Stamp, ...] = ()
        self._applied: dict[str, dict[str, str]] = {}

    def load(self) -> None:
        """Read it for the first time. Raises BackendUnavailable, which says how to mend it."""
        if not self._path.exists():
            raise BackendUnavailable(
                "local", f"there is no settings file {self._path} (${SETTINGS_VARIABLE})", _EXAMPLE
            )
        try:
            self.take(read_settings(self._path, self._directory))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise BackendUnavailable(
                "local", f"{self._path}: {explain(error)}", "correct the file"
            ) from error
        problem = self._source.problems.get(CONFIG_CONFIG_MAP)
        if problem is not None:
            raise BackendUnavailable("local", f"{self._path}: {problem}", "correct the section config")

    def is_stale(self) -> bool:
        """Whether one of the files was written since they were read."""
        return self._stamp() != self._seen

    def read_again(self) -> LocalSettings | None:
        """What the files say now; None, and a line in the log, when they cannot be used. From any thread."""
        try:
            return read_settings(self._path, self._directory)
        except (OSError, ValueError, yaml.YAMLError) as error:
            _log.error("%s is not used: %s; its last good content stays in use", self._path, explain(error))
            return None

    def take(self, found: LocalSettings | None) -> None:
        """Use it; for None, wait for the next change of a file."""
        if found is None:
            self._seen = self._stamp()
            return
        self._files, self._seen = tuple(found.stamps), tuple(found.stamps.values())
        for name, data in found.config_maps.items():
            if data != self._applied.get(name):
                self._applied[name] = data
                self._source.apply("MODIFIED", {"metadata": {"name": name}, "data": data})

    def _stamp(self) -> tuple[Stamp, ...]:
        return tuple(map(stamp_of, self._files))
