"""The guides say what the code does: their examples are run."""

import re
import shlex
from collections.abc import Generator
from pathlib import Path

import pytest
import yaml

from backgroundjob.backends import Change
from backgroundjob.testing import InMemoryBackend, use_backend
from command_line import bgjob

DOCS = Path(__file__).parents[3] / "docs"


class Finishing(InMemoryBackend):
    """Lets every job succeed that somebody waits for."""

    def changes(
        self, namespace: str | None, name: str | None = None, *, timeout_seconds: float | None = None
    ) -> Generator[Change, None, None]:
        if namespace is None or name is None:
            return
        self.succeed(name, {"number": 42}, namespace=namespace)
        yield from super().changes(namespace, name, timeout_seconds=timeout_seconds)


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / guide).read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", blocks("python.md", "python"))
def test_python_examples_run(code: str) -> None:
    with use_backend(Finishing()):
        exec(compile(code, "python.md", "exec"), {"__name__": "example"})  # noqa: S102  our own guide


@pytest.mark.parametrize("line", blocks("cli.md", "sh")[0].splitlines())
def test_command_examples_run(line: str) -> None:
    with use_backend(Finishing()) as jobs:
        bgjob("run", "InvoiceJob.create", "--name", "invoice-42")
        assert isinstance(jobs, InMemoryBackend)
        jobs.add_log("invoice-42", "started")
        program, *arguments = shlex.split(line)
        assert (program, bgjob(*arguments).code) == ("bgjob", 0)


def test_the_yaml_example_is_what_the_helper_submits() -> None:
    document = yaml.safe_load(blocks("http.md", "yaml")[0])
    answer = bgjob(
        *("run", "InvoiceJob.create", "number:=42", "--name", "invoice-42", "-n", "shop", "--dry-run"),
        *("--retries", "3", "--retry-delay", "10", "--delay", "60", "--priority", "high"),
    )
    assert yaml.safe_load(answer.out) == document
