"""`bgjob doctor`: what to look at first when jobs do not run."""

import sys
from collections.abc import Iterator
from typing import Annotated, Final

import typer

from backgroundjob import __version__
from backgroundjob.cli.flags import Where, with_flags
from backgroundjob.cli.output import Output, coloured, one_line, print_document
from backgroundjob.doctor.check import Check, Verdict, guarded, problem
from backgroundjob.errors import BackgroundJobError

_COLOURS: Final = {
    Verdict.OK: typer.colors.GREEN,
    Verdict.WARNING: typer.colors.YELLOW,
    Verdict.PROBLEM: typer.colors.RED,
}


@with_flags
def doctor(
    *,
    output: Annotated[
        Output, typer.Option("--output", "-o", help="Form of the output: table, json or yaml.")
    ] = Output.TABLE,
    where: Where,
) -> None:
    """Check all that jobs need, one line each, with the next step under what is not ok.

    On a cluster: API server, CRD, allow-list, configuration, admission, operator, permissions, jobs that
    wait too long. On this machine: settings, state directory, engine, jobs. Changes nothing.

    [bold]Exit codes[/bold]: 0 when nothing is a problem, 1 otherwise.

    [bold]Examples[/bold]

    $ bgjob doctor
    $ bgjob doctor -n shop -o json | jq '.checks[] | select(.verdict != "ok")'
    """
    checks: list[Check] = []
    for check in _checks(where):
        checks.append(check)
        if output not in {Output.JSON, Output.YAML}:
            _print(check)
    has_problem = any(check.verdict is Verdict.PROBLEM for check in checks)
    if output in {Output.JSON, Output.YAML}:
        found = [check.to_document() for check in checks]
        print_document({"ok": not has_problem, "clientVersion": __version__, "checks": found}, output)
    raise typer.Exit(1 if has_problem else 0)


def _checks(where: Where) -> Iterator[Check]:
    try:
        backend = where.choose()
    except BackgroundJobError as error:
        yield problem("backend", error.message, error.next_step)
        return
    namespace = where.namespace or backend.default_namespace
    yield from guarded(backend.name, lambda: backend.checks(namespace))


def _print(check: Check) -> None:
    verdict = coloured(check.verdict.ljust(7), _COLOURS[check.verdict], sys.stdout)
    typer.echo(f"{verdict}  {check.name}: {one_line(check.text)}")
    if check.next_step and check.verdict is not Verdict.OK:
        typer.echo(f"         {one_line(check.next_step)}")
