"""`bgjob run` and `bgjob wait`."""

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from backgroundjob.api.reasons import State
from backgroundjob.cli import exit_codes
from backgroundjob.cli.arguments import split_target
from backgroundjob.cli.completion import targets
from backgroundjob.cli.flags import Where, with_flags
from backgroundjob.cli.job_flags import JobFlags, PairsArgument
from backgroundjob.cli.options import DURATION, NameArgument, OutputOption
from backgroundjob.cli.output import (
    Output,
    coloured,
    print_document,
    print_documents,
    print_error,
    resource_name,
)
from backgroundjob.client import submit
from backgroundjob.errors import JobFailed, StillRunning
from backgroundjob.handle import Handle
from backgroundjob.manifest import backgroundjob_manifest


@with_flags
def run(
    target: Annotated[
        str,
        typer.Argument(
            metavar="CLASS.METHOD", help="What to run.", show_default=False, autocompletion=targets
        ),
    ],
    pairs: PairsArgument = None,
    *,
    job: JobFlags,
    wait: Annotated[
        bool, typer.Option("--wait", "-w", help="Wait for the end, print the result, exit by the outcome.")
    ] = False,
    wait_timeout: Annotated[
        str | None, typer.Option("--wait-timeout", metavar=DURATION, help="Give up waiting after this time.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the manifest; submit nothing.")] = False,
    output: OutputOption = Output.TABLE,
    where: Where,
) -> None:
    """Submit a job.

    [bold]Examples[/bold]

    $ bgjob run EmailJob.send to=a@example.org subject=Hello
    $ bgjob run SeedJob.users count:=500 --delay 10m --priority low
    $ bgjob run InvoiceJob.create number:=42 --unique 'invoice-{number}' --retries 4
    $ bgjob run ExampleJob.handle --params '["first", "second"]' --wait
    $ bgjob run EmailJob.send to=a@example.org --dry-run > job.yaml

    [bold]Exit codes[/bold] with --wait: 0 Succeeded, 1 Failed, 3 Cancelled, 4 Rejected, 124 timed out.
    Without: 0 submitted, 4 refused. Always: 2 wrong usage, 5 not reachable or no permission.
    """
    class_, method = split_target(target)
    given, options = job.given_params(pairs), job.options(where.namespace)
    if dry_run:
        manifest = backgroundjob_manifest(class_, method, given, options)
        print_document(manifest, output if output is Output.JSON else Output.YAML)
        return
    handle = submit(class_, method, given, options, where.choose())
    if wait or wait_timeout is not None:
        typer.echo(f"{resource_name(handle.document)} submitted", err=True)
        _finish(_waited(handle, wait_timeout, where), output, where)
    if output is Output.TABLE:
        typer.echo(f"{resource_name(handle.document)} submitted")
    else:
        _print_one(handle, output)


@with_flags
def wait(
    name: NameArgument,
    *,
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout", metavar=DURATION, help="Give up after this time: 60, 90s, 10m. Left out: never."
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
    where: Where,
) -> None:
    """Wait for the end of a job, print its result, and exit by the outcome.

    [bold]Exit codes[/bold]: 0 Succeeded, 1 Failed, 2 wrong usage, 3 Cancelled, 4 Rejected,
    5 not found, not reachable or no permission, 124 timed out (the job goes on).

    [bold]Examples[/bold]

    $ bgjob wait email-job-send-x7k2p --timeout 10m && echo sent
    $ bgjob wait invoice-42 -o json | jq .status.result
    """
    handle: Handle[Any] = Handle.get(name, namespace=where.namespace, backend=where.choose())
    _finish(_waited(handle, timeout, where), output, where)


def _waited(handle: Handle[Any], timeout: str | None, where: Where) -> Handle[Any]:
    try:
        return handle.wait(timeout)
    except StillRunning as error:
        print_error(error.message, f"what it waits for: bgjob why {error.name}{where.again(error.namespace)}")
        raise typer.Exit(exit_codes.of_error(error)) from error


def _finish(handle: Handle[Any], output: Output, where: Where) -> None:
    """Print the outcome on stderr and the result, or the object, on stdout; then exit by the outcome."""
    try:
        result = handle.result
    except JobFailed as failure:
        _print_failure(failure, where)
    else:
        attempts = handle.document["status"].get("attemptSummary") or str(handle.attempts)
        head = coloured("Succeeded", typer.colors.GREEN, sys.stderr)
        typer.echo(f"{head} {handle.namespace}/{handle.name}, attempts {attempts}", err=True)
        if output is Output.TABLE and result is not None:
            typer.echo(json.dumps(result, indent=2, ensure_ascii=False))
    if output is not Output.TABLE:
        _print_one(handle, output)
    raise typer.Exit(exit_codes.of_state(handle.state))


def _print_one(handle: Handle[Any], output: Output) -> None:
    if output in {Output.JSON, Output.YAML}:
        print_document(handle.document, output)
    else:
        print_documents([handle.document], output, now=datetime.now(UTC))


def _print_failure(failure: JobFailed, where: Where) -> None:
    if failure.traceback:
        typer.echo(failure.traceback.rstrip(), err=True)
    logs = f"bgjob logs {failure.name}{where.again(failure.namespace)}"
    print_error(failure.message, "" if failure.state == State.REJECTED else f"its log: {logs}")
