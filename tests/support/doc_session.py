"""Runs the blocks of one page, from the first to the last: one bash, one Python namespace, one directory."""

import builtins
import difflib
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from doc_pages import SHELL, Block

BASH: Final = ("bash", "--noprofile", "--norc")
_END: Final = "\x01end of the command\x01"
_PROMPT: Final = "$ "
_INCOMPLETE: Final = re.compile(r"unexpected (?:EOF|end of file)|delimited by end-of-file")
_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)|\b\d\d:\d\d:\d\d\b"
_AGE: Final = r"(?<=  )\d+[smhd](?:\d+[smh])?$"
_SUFFIX: Final = r"(?<=-)x7k2p\b"
# What varies: a part left out, a time, an age at the end of a row, the made part of a name.
_LOOSE: Final = re.compile(rf"…|\.\.\.|({_TIME})|({_AGE})|({_SUFFIX})")
_SHOWN: Final = re.compile(r"^\s*print\(.*\)  # (.+)$")
_FILE: Final = re.compile(r"# (\w+\.py)\n")


@dataclass(frozen=True, slots=True)
class Command:
    """One command, and the lines that a page shows as its output."""

    text: str
    shown: Sequence[str] = ()


def commands_of(block: Block) -> list[Command]:
    """The commands of a shell block. In `console`, lines without a prompt are the output of the one above."""
    lines = iter(block.text.splitlines())
    if block.language != "console":
        return [Command(text) for text in _complete(lines)]
    found: list[Command] = []
    for line in lines:
        if line.startswith(_PROMPT):
            found.append(Command(next(_complete(_chain(line[2:], lines)))))
        elif found:
            found[-1] = Command(found[-1].text, (*found[-1].shown, line))
        else:
            raise AssertionError(f"{block}: a console block begins with {_PROMPT!r}, not with {line!r}")
    return found


def _chain(first: str, rest: Iterable[str]) -> Iterable[str]:
    yield first
    for line in rest:
        yield line.removeprefix("> ")


def _complete(lines: Iterable[str]) -> Iterator[str]:
    """Lines joined until bash takes them as whole commands."""
    text = ""
    for line in lines:
        text += line + "\n"
        if not line.strip() or line.endswith("\\"):
            continue
        parsed = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
        if not _INCOMPLETE.search(parsed.stderr):
            yield text
            text = ""
    assert not text.strip(), f"the command never ends: {text}"


def differs(shown: Iterable[str], actual: str) -> str:
    """A readable difference between what a page shows and what came, or nothing.

    `…` and `...` stand for any part of a line, alone on a line for any lines. A time, an age at the end
    of a row and the suffix x7k2p of a generated name stand for others of their kind. The width of
    columns is free.
    """
    expected, got = _tidy("\n".join(shown)), _tidy(actual)
    if re.fullmatch("".join(_pattern(line) for line in expected), "\n".join(got) + "\n"):
        return ""
    return "\n".join(difflib.ndiff(expected, got))


def _tidy(text: str) -> list[str]:
    lines = [re.sub(r"(?<=\S)  +", "  ", line.rstrip()) for line in text.splitlines()]
    return "\n".join(lines).strip("\n").splitlines()


def _pattern(line: str) -> str:
    if line.strip() in ("…", "..."):
        return r"(?:.*\n)*?"
    pattern, position = "", 0
    for loose in _LOOSE.finditer(line):
        pattern += re.escape(line[position : loose.start()])
        pattern += (
            f"(?:{_TIME})" if loose[1] else r"\d\S*" if loose[2] else "[a-z0-9]{5}" if loose[3] else ".*"
        )
        position = loose.end()
    return pattern + re.escape(line[position:]) + r"\n"


class Bash:
    """One shell that keeps its variables, functions and directory between commands."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        argv: Sequence[str] = BASH,
        timeout_seconds: float = 60,
    ) -> None:
        """`timeout_seconds` is for one command; the shell ends with it."""
        self.folder = folder
        self._timeout_seconds = timeout_seconds
        self._step = tempfile.NamedTemporaryFile("w+", suffix=".sh")  # noqa: SIM115  closed by `close`
        self._process = subprocess.Popen(
            [*argv],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str) -> tuple[int, str]:
        """Its exit code and what it printed on both streams."""
        self._step.seek(0)
        self._step.truncate()
        self._step.write(command)
        self._step.flush()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f". {self._step.name} </dev/null; printf '\\n{_END}%s\\n' $?\n")
        self._process.stdin.flush()
        timer = threading.Timer(self._timeout_seconds, self._process.kill)
        timer.start()
        output = ""
        try:
            for line in self._process.stdout:
                if line.startswith(_END):
                    return int(line.removeprefix(_END)), output.removesuffix("\n")
                output += line
        finally:
            timer.cancel()
        raise AssertionError(
            f"the shell ended, or {self._timeout_seconds:g} s were over, in: {command}{output}"
        )

    def close(self) -> None:
        """End it; what the page left in the background is asked to end first."""
        if self._process.poll() is None:
            self.run("kill $(jobs -p) 2>/dev/null; wait\n")
        for stream in (self._process.stdin, self._process.stdout, self._step):
            if stream is not None:
                stream.close()
        self._process.wait()


@dataclass
class PageSession:
    """`replace` is put into every block before it runs: what a reader has and a test has not."""

    bash: Bash
    replace: Mapping[str, str] = field(default_factory=dict)
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bash.close()

    def run(self, block: Block) -> None:
        """Fail with the place in the page when it does not do what it shows."""
        text = block.text
        for old, new in self.replace.items():
            text = text.replace(old, new)
        block = Block(block.page, block.line, block.language, text)
        if block.language in SHELL:
            for command in commands_of(block):
                self._run_command(block, command)
        elif named := _FILE.match(block.text):
            (self.bash.folder / named[1]).write_text(block.text)
        else:
            self._run_python(block)

    def _run_command(self, block: Block, command: Command) -> None:
        code, output = self.bash.run(command.text)
        told = f"{block}: {_PROMPT}{command.text}ended with {code} and printed\n{output}"
        # A page that shows a refusal means it.
        assert code == 0 or any(line.startswith("Error") for line in command.shown), told
        if command.shown:
            difference = differs(command.shown, output)
            assert not difference, f"{block}: {_PROMPT}{command.text}{difference}"

    def _run_python(self, block: Block) -> None:
        lines = block.text.splitlines()
        due = {number: shown[1] for number, line in enumerate(lines, 1) if (shown := _SHOWN.match(line))}
        printed: dict[int, list[str]] = {}

        def noted(*values: object, **_: object) -> None:
            printed.setdefault(sys._getframe(1).f_lineno, []).append(" ".join(map(str, values)))

        self.namespace["__builtins__"] = {**vars(builtins), "print": noted}
        exec(compile(block.text, str(block), "exec"), self.namespace)  # noqa: S102  our own page
        for number, comment in due.items():
            difference = differs([comment], "\n".join(printed.get(number, [])))
            assert not difference, f"{block.page}:{block.line + number - 1}:\n{difference}"


def environment_of_a_page(**more: str) -> dict[str, str]:
    """The machine's, with this virtual environment's programs first and no settings of ours."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BACKGROUNDJOB", "DEFAULT_"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return own | {"PATH": path, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "160"} | more
