"""Where local mode keeps everything, and how the environment names it."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backgroundjob.errors import BackendUnavailable
from backgroundjob_operator.engine.names import job_name

if TYPE_CHECKING:
    from backgroundjob_operator.local.objects import Objects

STATE_VARIABLE: Final = "BACKGROUNDJOB_STATE_DIR"
SETTINGS_VARIABLE: Final = "BACKGROUNDJOB_ALLOW_LIST_FILE"
_OPEN_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.01
_ELSEWHERE: Final = f"choose another directory with {STATE_VARIABLE}"
DEFAULT_STATE: Final = ".backgroundjob"
DEFAULT_SETTINGS: Final = "backgroundjob.yaml"


def utc_now() -> datetime:
    """The clock of an engine that is given none."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOptions:
    """What a local engine is told when it is made."""

    state_directory: Path
    settings_file: Path
    working_directory: Path
    """Current directory of every attempt: modules in it can be imported."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "LocalOptions":
        """BACKGROUNDJOB_STATE_DIR and BACKGROUNDJOB_ALLOW_LIST_FILE, else files of the current directory."""
        return cls(
            state_directory=Path(environment.get(STATE_VARIABLE) or DEFAULT_STATE).absolute(),
            settings_file=Path(environment.get(SETTINGS_VARIABLE) or DEFAULT_SETTINGS).absolute(),
            working_directory=Path.cwd(),
        )

    @property
    def state(self) -> "StateDirectory":
        """The layout of the state directory."""
        return StateDirectory(self.state_directory)


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """Names of the files in it. Readable by the owner alone: params lie in it."""

    path: Path

    def create(self) -> None:
        """Make it and its folders. Raises BackendUnavailable."""
        try:
            for folder in (self.path, self.attempts, self.logs, self.secrets):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            problem = f"the state directory {self.path} cannot be made: {error.strerror}"
            raise BackendUnavailable("local", problem, _ELSEWHERE) from error

    def open_objects(self, clock: Callable[[], datetime]) -> "Objects":
        """What lies in `database`. Raises BackendUnavailable."""
        import sqlite3  # noqa: PLC0415  `bgjob --help` loads this module and opens nothing

        from backgroundjob_operator.local.objects import Objects  # noqa: PLC0415  as above

        end = time.monotonic() + _OPEN_SECONDS
        while True:
            try:
                return Objects(self.database, clock)
            except sqlite3.Error as error:
                # Somebody opens a new file at the same moment: SQLite's own timeout does not cover that.
                is_busy = getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
                if not is_busy or time.monotonic() >= end:
                    problem = f"{self.database} cannot be used: {error}"
                    raise BackendUnavailable("local", problem, f"move it away; or {_ELSEWHERE}") from error
            time.sleep(_PAUSE_SECONDS)

    @property
    def database(self) -> Path:
        """The objects."""
        return self.path / "objects.db"

    @property
    def engine_lock(self) -> Path:
        """Held by the one engine that serves this directory."""
        return self.path / "engine.lock"

    @property
    def attempts(self) -> Path:
        """One folder per attempt, named by the uid of its pod."""
        return self.path / "attempts"

    @property
    def logs(self) -> Path:
        """One file per attempt, in a folder per namespace."""
        return self.path / "logs"

    @property
    def secrets(self) -> Path:
        """Values for paramsFrom: a file per key, in a folder per Secret, in a folder per namespace."""
        return self.path / "secrets"

    @property
    def job_log(self) -> Path:
        """The lines of all jobs."""
        return self.path / "background_jobs.log"

    @property
    def error_log(self) -> Path:
        """Failures alone."""
        return self.path / "background_jobs_errors.log"

    def attempt_log(self, namespace: str, job: str) -> Path:
        """Output of one attempt, by the name of its Job."""
        return self.logs / namespace / f"{job}.log"

    def log_of(self, namespace: str, name: str, uid: str, attempt: int) -> Path:
        """Output of one attempt of a BackgroundJob."""
        return self.attempt_log(namespace, job_name(name, uid, attempt))
