"""Doing one thing to many jobs: at a pace, with a bar, and with every failure told at the end."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Final

import typer

from backgroundjob.cli.exit_codes import ExitCode, of_error
from backgroundjob.cli.output import print_error
from backgroundjob.cli.selection import Target
from backgroundjob.errors import BackgroundJobError
from backgroundjob.verbs import REASON_LIMIT

_BAR_FROM: Final = 20
_HOW: Final = "How"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """Why, and how fast."""

    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="TEXT",
            help="Why: stored with each job, shown by bgjob describe.",
            rich_help_panel=_HOW,
            show_default=False,
        ),
    ] = ""
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate",
            metavar="N",
            help="At most so many jobs in a second; left out, as fast as it goes.",
            rich_help_panel=_HOW,
            show_default=False,
        ),
    ] = None

    def check(self) -> None:
        """Raises BadParameter."""
        if self.rate is not None and not 0 < self.rate < float("inf"):
            raise typer.BadParameter("--rate needs a number above 0, such as 5 or 0.5")
        if len(self.reason) > REASON_LIMIT:
            raise typer.BadParameter(f"--reason has {len(self.reason)} characters; at most {REASON_LIMIT}")


@dataclass
class Pace:
    """Lets one action begin each 1/rate seconds. What was missed is not made up for by a burst."""

    rate: float | None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = field(default=float("-inf"), init=False)

    def wait(self) -> None:
        """Return when the next action may begin."""
        if self.rate is None:
            return
        left = self._next - self.clock()
        if left > 0:
            self.sleep(left)
        self._next = max(self._next, self.clock()) + 1 / self.rate


def perform(targets: Sequence[Target], act: Callable[[Target], str], pace: Pace) -> None:
    """Do all of them. Raises Exit with the code of the first failure, or 130 after Ctrl+C.

    An error of one keeps no other back, and is told at the end.
    """
    failures: list[BackgroundJobError] = []
    done = 0
    several = len({namespace for namespace, _ in targets}) > 1
    try:
        with _progress(len(targets)) as advance:
            for target in targets:
                pace.wait()
                try:
                    told = act(target)
                except BackgroundJobError as error:
                    failures.append(error)
                else:
                    typer.echo(f"{'/'.join(target) if several else target[1]} {told}")
                done += 1
                advance()
    except KeyboardInterrupt:
        _print_failures(failures, len(targets))
        left = len(targets) - done
        print_error(
            f"interrupted: {done} of {len(targets)} jobs done, {left} left",
            "the same command goes on with the rest",
        )
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    _print_failures(failures, len(targets))
    if failures:
        raise typer.Exit(of_error(failures[0]))


def _print_failures(failures: Sequence[BackgroundJobError], count: int) -> None:
    if failures and count > 1:
        typer.echo(f"{len(failures)} of {count} jobs failed:", err=True)
    for error in failures:
        print_error(error.message, error.next_step)


@contextmanager
def _progress(count: int) -> Iterator[Callable[[], object]]:
    """A bar on stderr, on a terminal and when it is worth one; yields what moves it on."""
    if count < _BAR_FROM or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415  most calls draw nothing
    from rich.progress import Progress  # noqa: PLC0415  as above

    # Lines for a terminal go above the bar; those for a file or a pipe stay on stdout.
    shown = Progress(console=Console(stderr=True), redirect_stdout=sys.stdout.isatty(), transient=True)
    with shown:
        task = shown.add_task("", total=count)
        yield lambda: shown.advance(task)
