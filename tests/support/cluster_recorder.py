"""A command runner that runs nothing: it remembers the argument lists and gives prepared answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.cluster.errors import CommandError


class Recorder:
    """Answers by the first words of a command; what has no answer succeeds without output."""

    def __init__(self, answers: Mapping[str, str] | None = None, failing: tuple[str, ...] = ()) -> None:
        self.commands: list[list[str]] = []
        self.answers = dict(answers or {})
        self._failing = failing

    def __call__(
        self,
        argv: Sequence[str],
        *,
        stdin: str | None = None,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> str:
        self.commands.append(list(argv))
        self.perform(argv)
        line = " ".join(argv)
        if any(words in line for words in self._failing):
            raise CommandError(tuple(argv), 1, "prepared failure")
        return next((answer for words, answer in self.answers.items() if line.startswith(words)), "")

    def perform(self, argv: Sequence[str]) -> None:
        """What the command would leave behind, for subclasses."""

    @property
    def lines(self) -> list[str]:
        return [" ".join(argv) for argv in self.commands]
