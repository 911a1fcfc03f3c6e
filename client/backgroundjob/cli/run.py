"""`bgjob run` and `bgjob wait`."""

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from backgroundjob.api.reasons import Backoff, State
from backgroundjob.cli import exit_codes
from backgroundjob.cli.arguments import parse_params, split_target
from backgroundjob.cli.options import (
    BackendOption,
    ContextOption,
    LocalOption,
    NameArgument,
    NamespaceOption,
    OutputOption,
    choose_backend,
)
from backgroundjob.cli.output import (
    Output,
    coloured,
    print_document,
    print_documents,
    print_error,
    resource_name,
)
from backgroundjob.client import submit
from backgroundjob.errors import JobFailed
from backgroundjob.handle import Handle
from backgroundjob.manifest import JobOptions, backgroundjob_manifest, parse_priority

_WHEN, _RETRY = "When", "Retries"
_DURATION = "DURATION"


def run(
    target: Annotated[str, typer.Argument(metavar="CLASS.METHOD", help="What to run.", show_default=False)],
    pairs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=TEXT|KEY:=JSON",
            help="Parameters: key=text is a text, key:=json a number, list, …",
            show_default=False,
        ),
    ] = None,
    *,
    params: Annotated[
        str | None,
        typer.Option(
            "--params",
            metavar="JSON|@FILE|-",
            help="Parameters as a JSON object, or a list of positional values.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", help="Name of the object. The same name with the same spec starts nothing new."
        ),
    ] = None,
    unique: Annotated[
        str | None,
        typer.Option("--unique", metavar="TEMPLATE", help="Name from parameters, such as 'invoice-{id}'."),
    ] = None,
    retries: Annotated[
        int | None, typer.Option("--retries", help="Attempts after the first.", rich_help_panel=_RETRY)
    ] = None,
    retry_delay: Annotated[
        str | None,
        typer.Option(
            "--retry-delay",
            metavar=_DURATION,
            help="Before the first retry: 10, 90s, 10m.",
            rich_help_panel=_RETRY,
        ),
    ] = None,
    backoff: Annotated[
        Backoff | None, typer.Option("--backoff", help="How the delay grows.", rich_help_panel=_RETRY)
    ] = None,
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout", metavar=_DURATION, help="Time limit of one attempt.", rich_help_panel=_RETRY
        ),
    ] = None,
    delay: Annotated[
        str | None,
        typer.Option(
            "--delay", metavar=_DURATION, help="Start this much later: 60, 10m, 1h30m.", rich_help_panel=_WHEN
        ),
    ] = None,
    run_at: Annotated[
        datetime | None,
        typer.Option(
            "--run-at",
            metavar="TIME",
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S"],
            help="Start at this time, such as 2026-03-01T07:30:00; UTC without an offset.",
            rich_help_panel=_WHEN,
        ),
    ] = None,
    priority: Annotated[
        str | None,
        typer.Option("--priority", help="-1000 to 1000, or high, medium, low.", rich_help_panel=_WHEN),
    ] = None,
    queue: Annotated[
        str | None, typer.Option("--queue", help="Queue whose limits apply.", rich_help_panel=_WHEN)
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", "-w", help="Wait for the end, print the result, exit by the outcome.")
    ] = False,
    wait_timeout: Annotated[
        str | None, typer.Option("--wait-timeout", metavar=_DURATION, help="Give up waiting after this time.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the manifest; submit nothing.")] = False,
    output: OutputOption = Output.TABLE,
    namespace: NamespaceOption = None,
    backend: BackendOption = None,
    local: LocalOption = False,
    context: ContextOption = None,
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
    given = parse_params(pairs or [], params)
    options = JobOptions(
        name=name,
        namespace=namespace,
        unique=unique,
        retries=retries,
        retry_delay=retry_delay,
        backoff=backoff,
        delay=delay,
        run_at=run_at.replace(tzinfo=run_at.tzinfo or UTC) if run_at else None,
        priority=parse_priority(priority) if priority is not None else None,
        queue=queue,
        timeout=timeout,
    )
    if dry_run:
        manifest = backgroundjob_manifest(class_, method, given, options)
        print_document(manifest, output if output is Output.JSON else Output.YAML)
        return
    handle = submit(class_, method, given, options, choose_backend(backend, local, context))
    if wait or wait_timeout is not None:
        typer.echo(f"{resource_name(handle.document)} submitted", err=True)
        _finish(handle.wait(wait_timeout), output)
    if output is Output.TABLE:
        typer.echo(f"{resource_name(handle.document)} submitted")
    else:
        _print_one(handle, output)


def wait(
    name: NameArgument,
    *,
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout", metavar=_DURATION, help="Give up after this time: 60, 90s, 10m. Left out: never."
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
    namespace: NamespaceOption = None,
    backend: BackendOption = None,
    local: LocalOption = False,
    context: ContextOption = None,
) -> None:
    """Wait for the end of a job, print its result, and exit by the outcome.

    [bold]Exit codes[/bold]: 0 Succeeded, 1 Failed, 2 wrong usage, 3 Cancelled, 4 Rejected,
    5 not found, not reachable or no permission, 124 timed out (the job goes on).

    [bold]Examples[/bold]

    $ bgjob wait email-job-send-x7k2p --timeout 10m && echo sent
    $ bgjob wait invoice-42 -o json | jq .status.result
    """
    handle: Handle[Any] = Handle.get(
        name, namespace=namespace, backend=choose_backend(backend, local, context)
    )
    _finish(handle.wait(timeout), output)


def _finish(handle: Handle[Any], output: Output) -> None:
    """Print the outcome on stderr and the result, or the object, on stdout; then exit by the outcome."""
    try:
        result = handle.result
    except JobFailed as failure:
        _print_failure(failure)
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


def _print_failure(failure: JobFailed) -> None:
    if failure.traceback:
        typer.echo(failure.traceback.rstrip(), err=True)
    logs = f"bgjob logs {failure.name} --namespace {failure.namespace}"
    print_error(failure.message, "" if failure.state == State.REJECTED else f"its log: {logs}")
