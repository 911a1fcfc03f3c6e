"""`bgjob list`, `get`, `logs` and `crd`: what only reads."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from backgroundjob.api.reasons import State
from backgroundjob.cli.completion import job_names
from backgroundjob.cli.flags import Where, with_flags
from backgroundjob.cli.options import NameArgument, OutputOption
from backgroundjob.cli.output import Output, print_document, print_documents

_STATE_HELP = f"Only jobs in this state; may be repeated. One of {', '.join(State)}."


@with_flags
def list_jobs(
    *,
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="In every namespace.")
    ] = False,
    states: Annotated[
        list[State] | None,
        typer.Option("--state", metavar="STATE", help=_STATE_HELP, show_default=False),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on showing what changes, until Ctrl+C.")
    ] = False,
    output: OutputOption = Output.TABLE,
    where: Where,
) -> None:
    """List jobs, oldest first.

    [bold]Examples[/bold]

    $ bgjob list
    $ bgjob list -A --state Failed --state Rejected -o wide
    $ bgjob list --watch --state Running
    $ bgjob list -o name | wc -l
    """
    if all_namespaces and where.namespace is not None:
        raise typer.BadParameter("--all-namespaces and --namespace exclude each other")
    chosen = where.choose()
    place = None if all_namespaces else where.namespace or chosen.default_namespace
    if watch:
        from backgroundjob.cli import watch as live  # noqa: PLC0415  most lists are asked for once

        live.watch(chosen, place, states, output, with_namespace=all_namespaces)
        return
    documents = [
        document
        for document in chosen.list(place)
        if not states or (document.get("status") or {}).get("state") in states
    ]
    documents.sort(
        key=lambda document: (document["metadata"]["creationTimestamp"], document["metadata"]["name"])
    )
    if not documents and output in {Output.TABLE, Output.WIDE}:
        typer.echo("No jobs found" + (f" in namespace {place}." if place else "."), err=True)
        return
    print_documents(documents, output, now=datetime.now(UTC), with_namespace=all_namespaces)


@with_flags
def get(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...", help="Names of BackgroundJobs.", show_default=False, autocompletion=job_names
        ),
    ],
    *,
    output: OutputOption = Output.TABLE,
    where: Where,
) -> None:
    """Show jobs by name.

    [bold]Examples[/bold]

    $ bgjob get email-job-send-x7k2p -o wide
    $ bgjob get invoice-42 -o yaml
    """
    chosen = where.choose()
    documents = [chosen.get(where.namespace or chosen.default_namespace, name) for name in names]
    if len(documents) == 1 and output in {Output.JSON, Output.YAML}:
        print_document(documents[0], output)
    else:
        print_documents(documents, output, now=datetime.now(UTC))


@with_flags
def logs(
    name: NameArgument,
    *,
    attempt: Annotated[
        int | None, typer.Option("--attempt", min=1, help="Number of the attempt; left out, the newest.")
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow", "-f", help="Go on until the job has finished, over its further attempts."),
    ] = False,
    errors: Annotated[bool, typer.Option("--errors", help="Only error lines and tracebacks.")] = False,
    where: Where,
) -> None:
    """Print the log of a job.

    [bold]Examples[/bold]

    $ bgjob logs email-job-send-x7k2p --follow
    $ bgjob logs invoice-42 --attempt 1 --errors
    """
    chosen = where.choose()
    lines: Iterator[str] = chosen.logs(
        where.namespace or chosen.default_namespace, name, attempt=attempt, follow=follow, errors=errors
    )
    for line in lines:
        typer.echo(line)


def crd() -> None:
    """Print the CustomResourceDefinition, for kubectl apply.

    [bold]Example[/bold]

    $ bgjob crd | kubectl apply --server-side -f -
    """
    from backgroundjob.api.crd import render  # noqa: PLC0415  imports every model

    typer.echo(render(), nl=False)
