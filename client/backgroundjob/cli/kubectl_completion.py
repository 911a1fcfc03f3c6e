"""`kubectl_complete-bgjob`: kubectl runs it after Tab in `kubectl bgjob ...`.

kubectl's own protocol: the arguments typed so far, the incomplete word last; one suggestion a line, with
its description after a tab; a last line with what the shell may add by itself.
"""

import io
import os
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Final

_NO_FILES: Final = ":4"
_FILES_TOO: Final = ":0"


def main() -> None:
    """Print the suggestions for the arguments of this process."""
    lines = suggestions(sys.argv[1:])
    sys.stdout.write("\n".join([*lines, _NO_FILES if lines else _FILES_TOO]) + "\n")


def suggestions(arguments: list[str]) -> list[str]:
    """Each with its description; none where anything goes wrong."""
    *before, incomplete = arguments or [""]
    typed = shlex.join(["bgjob", *before]) + " " + (shlex.quote(incomplete) if incomplete else "")
    # Fish's protocol of `bgjob --show-completion` prints the same lines.
    asked = {
        "_BGJOB_COMPLETE": "complete_fish",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_ARGS": typed,
    }
    os.environ.update(asked)
    out = io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(io.StringIO()):
            from backgroundjob.cli.commands import app  # noqa: PLC0415  needs the extra `client`

            app(prog_name="bgjob")
    except SystemExit:
        return out.getvalue().splitlines() if out.getvalue().strip() else []
    except Exception:  # noqa: BLE001  a suggestion is no place for an error
        return []
    finally:
        for name in asked:
            del os.environ[name]
    return []
