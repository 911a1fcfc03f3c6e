"""The backend `local`: BackgroundJobs of this machine.

Submitting writes into the state directory; an engine there runs the jobs: `bgjob dev`, or this process
while it waits, when nobody else does. The engine is imported when it is needed: that takes seconds.
"""

import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import yaml

from backgroundjob.api.explain import explain
from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP, KIND
from backgroundjob.backends import Change, Document
from backgroundjob.doctor.check import Check
from backgroundjob.stored_settings import StoredSettings
from backgroundjob.why import Why
from backgroundjob_operator.cluster import port
from backgroundjob_operator.local.attempt_logs import read_logs
from backgroundjob_operator.local.checks import local_checks
from backgroundjob_operator.local.objects import Objects
from backgroundjob_operator.local.settings_text import read_settings
from backgroundjob_operator.local.state import LocalOptions, utc_now
from backgroundjob_operator.local.stored_jobs import StoredJobs, changes_of

_LOOK_SECONDS: Final = 0.1
"""Between two looks at a job; one costs 50 µs."""


class LocalBackend(StoredJobs):
    """Jobs in the state directory of BACKGROUNDJOB_STATE_DIR, or ./.backgroundjob."""

    name: Final = "local"

    def __init__(self, *, options: LocalOptions | None = None) -> None:
        """Use the directory of these options, of the environment without."""
        self._given = options
        self._opened: dict[Path, Objects] = {}
        self._lock = threading.Lock()

    def logs(
        self,
        namespace: str,
        name: str,
        *,
        attempt: int | None = None,
        follow: bool = False,
        errors: bool = False,
    ) -> Iterator[str]:
        """Lines of the newest attempt, or of the one named. Raises NotFound, LogsUnavailable."""
        return read_logs(
            self._options.state,
            lambda: self.get(namespace, name),
            (lambda: time.sleep(_LOOK_SECONDS)) if follow else None,
            attempt=attempt,
            errors=errors,
        )

    def changes(
        self, namespace: str | None, name: str | None = None, *, timeout_seconds: float | None = None
    ) -> Generator[Change, None, None]:
        """Objects and their changes; SQLite has no watch, so its file is looked at ten times a second.

        While a named object is followed, an engine runs here if nobody else does. Raises NotFound, and
        BackendUnavailable when an engine is needed and cannot start.
        """
        engine, version, seen, document = None, 0, set[str](), Document()
        if name is not None:
            namespace = namespace or self.default_namespace
            document = self.get(namespace, name)
            version, seen = int(document["metadata"]["resourceVersion"]), {document["metadata"]["uid"]}
            # At once: who waits for a job that has finished needs no engine.
            yield Change("ADDED", document)
            from backgroundjob_operator.local.engine_thread import EngineThread  # noqa: PLC0415  takes seconds

            engine = EngineThread(self._options)
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        try:
            while True:
                if engine is not None:
                    engine.ensure()
                found, version = self.objects.changes(version)
                for change in changes_of(found, namespace, name, seen):
                    yield change
                    if name is not None and change.type == "DELETED":
                        return
                if name is not None and not self._is_there(document):
                    # An engine may have forgotten the deletion before this look.
                    yield Change("DELETED", document)
                    return
                left = _LOOK_SECONDS if end is None else min(_LOOK_SECONDS, end - time.monotonic())
                if left <= 0:
                    return
                time.sleep(left)
        finally:
            if engine is not None:
                engine.close()

    def _is_there(self, document: Document) -> bool:
        metadata = document["metadata"]
        try:
            found = self.objects.get(KIND, metadata["namespace"], metadata["name"])
        except port.NotFound:
            return False
        return bool(found["metadata"]["uid"] == metadata["uid"])

    def why(self, namespace: str, name: str) -> Why:
        """Why it does not run yet. Raises NotFound."""
        from backgroundjob_operator.local.why import local_why  # noqa: PLC0415  takes seconds

        return local_why(self.get(namespace, name), self.objects, self._options, utc_now())

    def settings(self) -> StoredSettings:
        """What the settings file says, in the form of the two ConfigMaps."""
        path = self._options.settings_file
        try:
            found = read_settings(path, self._options.working_directory).config_maps
        except OSError as error:
            return StoredSettings(missing=(f"the settings file {path} cannot be read: {error.strerror}",))
        except (ValueError, yaml.YAMLError) as error:
            return StoredSettings(missing=(f"the settings file {path} cannot be used: {explain(error)}",))
        return StoredSettings(allow_list=found[ALLOW_LIST_CONFIG_MAP], config=found[CONFIG_CONFIG_MAP])

    def checks(self, namespace: str) -> Iterator[Check]:  # noqa: ARG002  one machine, one answer
        """What `bgjob doctor` says of this machine."""
        return local_checks(self._options, self.settings, lambda: self.list(None))

    @property
    def _options(self) -> LocalOptions:
        return self._given or LocalOptions.from_environment()

    @property
    def objects(self) -> Objects:
        """Those of the state directory."""
        # By directory: one backend lives as long as the process, and a test may change the environment.
        state = self._options.state
        with self._lock:
            if state.path not in self._opened:
                state.create()
                self._opened[state.path] = state.open_objects(utc_now)
            return self._opened[state.path]
