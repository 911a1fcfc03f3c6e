"""`bgjob doctor` in local mode: the settings file, the state directory, the engine, the jobs."""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from backgroundjob.api.reasons import TERMINAL_STATES
from backgroundjob.backends import Document
from backgroundjob.doctor.check import Check, guarded, ok, problem, warning
from backgroundjob.doctor.settings import stored_checks
from backgroundjob.doctor.waiting import JOBS, waiting_checks
from backgroundjob.stored_settings import StoredSettings
from backgroundjob_operator.local.locks import is_taken
from backgroundjob_operator.local.state import SETTINGS_VARIABLE, STATE_VARIABLE, LocalOptions


def local_checks(
    options: LocalOptions,
    settings: Callable[[], StoredSettings],
    jobs: Callable[[], Sequence[Document]],
) -> Iterator[Check]:
    """All of them. A state directory that does not exist yet is not made."""
    yield ok("Python", f"{platform.python_version()} on {platform.system()}")
    yield from guarded("settings", lambda: _settings(options.settings_file, settings))
    yield from guarded("state", lambda: [_state(options.state_directory)])
    if options.state.database.is_file():
        yield from guarded(JOBS, lambda: _jobs(options, jobs()))


def _settings(path: Path, settings: Callable[[], StoredSettings]) -> Iterator[Check]:
    stored = settings()
    if stored.missing:
        step = f"create or correct it; ${SETTINGS_VARIABLE} names another"
        yield from (problem("settings", sentence, step) for sentence in stored.missing)
        return
    yield ok("settings", str(path))
    yield from stored_checks(stored)


def _state(path: Path) -> Check:
    step = f"make it writable; ${STATE_VARIABLE} names another"
    nearest = next(one for one in (path, *path.parents) if one.exists())
    if not nearest.is_dir():
        return problem("state", f"{nearest} is no directory", step)
    if not os.access(nearest, os.W_OK | os.X_OK):
        return problem("state", f"{nearest} is not writable", step)
    return ok("state", f"{path}" if nearest == path else f"{path} does not exist yet and can be made")


def _jobs(options: LocalOptions, documents: Sequence[Document]) -> Iterator[Check]:
    is_served = is_taken(options.state.engine_lock)
    open_jobs = [one for one in documents if (one.get("status") or {}).get("state") not in TERMINAL_STATES]
    if is_served:
        yield ok("engine", "one serves the state directory")
    elif open_jobs:
        jobs = "1 job waits" if len(open_jobs) == 1 else f"{len(open_jobs)} jobs wait"
        yield warning("engine", f"none serves the state directory, and {jobs}", "start one: bgjob dev")
    else:
        yield ok("engine", "none serves the state directory, and no job waits")
    # Without an engine every job is unseen, and the line above says all.
    if is_served or not open_jobs:
        yield from waiting_checks(documents, datetime.now(UTC), "on this machine")
