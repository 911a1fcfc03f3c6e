"""Running programs by argument list. Everything that starts one takes a `Runner`, so tests record instead."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from .errors import ClusterError, CommandError


class Runner(Protocol):
    """Runs one program to its end and returns its standard output."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        stdin: str | None = None,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> str: ...


def run(
    argv: Sequence[str],
    *,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> str:
    """Standard output of the program. `environment` is added to the present one.

    Raises CommandError when it ends with something else than 0.
    """
    try:
        ended = subprocess.run(
            list(argv),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(environment or {})},
            cwd=directory,
        )
    except FileNotFoundError as error:
        raise ClusterError(f"{argv[0]} is not installed, and `{' '.join(argv)}` needs it") from error
    if ended.returncode != 0:
        raise CommandError(tuple(argv), ended.returncode, ended.stderr + ended.stdout)
    return ended.stdout
