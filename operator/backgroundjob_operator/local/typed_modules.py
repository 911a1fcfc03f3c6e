"""Allow-list entries of the modules that a settings file names, read in a process of its own.

Importing them here would keep their first version for ever, and run user code in the engine. As a script,
`python -m backgroundjob_operator.local.typed_modules MODULE...`, it prints the entries and files as JSON.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_PATIENCE_SECONDS: Final = 60
_CLOCK_STEP_NS: Final = 20_000_000
"""File systems take their times from a clock that moves in steps."""

Stamp = tuple[int, int] | None
"""Time and size of a file; None for one that is not there."""


@dataclass(frozen=True, slots=True)
class TypedModules:
    """What was found in them."""

    entries: Mapping[str, Any]
    stamps: Mapping[Path, Stamp]
    """The source files that were read: the modules, and what they import from their folder."""


def read_modules(modules: Sequence[str], directory: Path) -> TypedModules:
    """Import them with `directory` as the current one. Raises ValueError, which says what is wrong."""
    if not modules:
        return TypedModules({}, {})
    command = [sys.executable, "-m", "backgroundjob_operator.local.typed_modules", *modules]
    try:
        run = subprocess.run(  # noqa: S603  our own module
            command,
            cwd=directory,
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # what other people's code says on stderr can be anything
            check=False,
            timeout=_PATIENCE_SECONDS,
        )
        found = json.loads(run.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired as error:
        problem = f"importing {', '.join(modules)} takes longer than {_PATIENCE_SECONDS} s"
        raise ValueError(problem) from error
    except (IndexError, ValueError) as error:
        last = (run.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ValueError(f"modules {', '.join(modules)} cannot be imported: {last}") from error
    if "problem" in found:
        raise ValueError(str(found["problem"]))
    return TypedModules(
        found["entries"], {Path(name): stamp and tuple(stamp) for name, stamp in found["files"].items()}
    )


def stamp_of(path: Path) -> Stamp:
    """What changes when the file is written."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def main(modules: Sequence[str]) -> None:
    """Print what was found, or the problem, as the last line."""
    from backgroundjob.catalogue import entries  # noqa: PLC0415  this process alone needs pydantic
    from backgroundjob.errors import BackgroundJobError  # noqa: PLC0415  as above

    began = time.time_ns()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            found: dict[str, Any] = {"entries": entries(modules), "files": _files_read(began)}
    except BackgroundJobError as error:
        found = {"problem": str(error)}
    print(json.dumps(found))


def _files_read(began: int) -> dict[str, Stamp]:
    here = Path.cwd()
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return {
        name: _as_read(Path(name), began) for name in files if name and here in Path(name).resolve().parents
    }


def _as_read(path: Path, began: int) -> Stamp:
    """None for a file that was written since: perhaps after its import, so that it is read once more."""
    stamp = stamp_of(path)
    return stamp if stamp is not None and stamp[0] < began - _CLOCK_STEP_NS else None


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # what modules do at exit, or in threads, has not the last word
