"""README.md as a newcomer reads it: its commands, unmodified and in order, in a fresh clone."""

import os
import subprocess
import sys
from pathlib import Path

from doc_pages import ROOT, script
from doc_session import Bash, PageSession, environment_of_a_page

TIMEOUT_SECONDS = 1200
"""Of one command; the first one installs, and `make test` may share its two cores."""


def test_the_commands_of_the_readme_work_in_a_fresh_clone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    with PageSession(Bash(clone, machine(), timeout_seconds=TIMEOUT_SECONDS)) as session:
        assert script()
        for block in script():
            session.run(block)


def machine() -> dict[str, str]:
    """The environment without the virtual environment that runs this test."""
    environment = environment_of_a_page()
    own = str(Path(sys.executable).parent)
    path = [folder for folder in environment["PATH"].split(os.pathsep) if folder != own]
    without = {
        name: value for name, value in environment.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")
    }
    return without | {"PATH": os.pathsep.join(path)}
