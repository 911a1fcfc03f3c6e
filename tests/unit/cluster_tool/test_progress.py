"""Long steps say that they go on."""

import io

import pytest

from tests.cluster.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def ticked(stream: io.StringIO, seconds: int) -> str:
    clock = Clock()
    progress = Progress(stream, clock)
    with progress.step("building kube"):
        for _ in range(seconds):
            clock.now += 1
            progress.tick()
    return stream.getvalue()


def test_without_a_terminal_there_is_a_line_every_15_seconds() -> None:
    assert ticked(io.StringIO(), 40).splitlines() == [
        "building kube …",
        "building kube … 15 s",
        "building kube … 30 s",
        "building kube: took 40.0 s",
    ]


def test_on_a_terminal_one_line_is_updated() -> None:
    text = ticked(Terminal(), 2)
    assert text.count("\n") == 1
    assert text.split("\r\x1b[K")[2:] == [
        "building kube … 1 s",
        "building kube … 2 s",
        "building kube: took 2.0 s\n",
    ]


def test_a_step_that_fails_does_not_claim_to_be_done() -> None:
    stream = io.StringIO()
    progress = Progress(stream, Clock())
    with pytest.raises(ValueError, match="broken"), progress.step("building kube"):
        raise ValueError("broken")
    assert stream.getvalue().splitlines()[-1] == "building kube: stopped after 0.0 s"
