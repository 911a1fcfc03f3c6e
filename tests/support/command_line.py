"""Runs `bgjob` in this process and keeps what it printed."""

import re
from dataclasses import dataclass

from typer.testing import CliRunner

from backgroundjob.cli.commands import app


@dataclass(frozen=True, slots=True)
class Answer:
    """Exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def err_text(self) -> str:
        """Stderr without the frame of usage errors, its lines joined."""
        return re.sub(r"[│\s]+", " ", self.err)


def bgjob(*arguments: str, stdin: str | None = None) -> Answer:
    """Run the command line. What is no exit of its own raises."""
    result = CliRunner().invoke(app, list(arguments), input=stdin, catch_exceptions=False, prog_name="bgjob")
    return Answer(result.exit_code, result.stdout, result.stderr)
