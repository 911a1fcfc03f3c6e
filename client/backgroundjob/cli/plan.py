"""`bgjob plan`: every attempt and its time, before anything runs."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from backgroundjob.backends import Backend
from backgroundjob.cli.arguments import split_target
from backgroundjob.cli.completion import targets_and_names
from backgroundjob.cli.flags import Where, with_flags
from backgroundjob.cli.job_flags import JobFlags, PairsArgument
from backgroundjob.cli.options import OutputOption
from backgroundjob.cli.output import Output, one_line, print_document
from backgroundjob.client import with_backend_defaults
from backgroundjob.manifest import backgroundjob_manifest


@with_flags
def plan(
    target: Annotated[
        str,
        typer.Argument(
            metavar="CLASS.METHOD|NAME",
            help="What would run, or a job that exists.",
            show_default=False,
            autocompletion=targets_and_names,
        ),
    ],
    pairs: PairsArgument = None,
    *,
    job: JobFlags,
    output: OutputOption = Output.TABLE,
    where: Where,
) -> None:
    """Show every attempt and its time before anything runs, and who decided each value.

    Takes the options of run. Without the object's uid the jitter is unknown, and delays are ranges;
    for a job that exists they are exact.

    [bold]Examples[/bold]

    $ bgjob plan EmailJob.send --retries 5 --backoff Linear --retry-delay 30
    $ bgjob plan invoice-42
    """
    # Parses YAML and validates models: only here, so that other commands start fast.
    from backgroundjob.cli.plan_page import page, plan_document  # noqa: PLC0415
    from backgroundjob.cli.timeline import Timeline  # noqa: PLC0415
    from backgroundjob.planning import plan_of  # noqa: PLC0415

    backend = where.choose()
    now = datetime.now(UTC)
    document = _document(backend, target, pairs, job, where)
    place = document["metadata"].get("namespace") or backend.default_namespace
    found = plan_of(document, place, backend.settings())
    timeline = Timeline.of(document, found, now)
    if output in {Output.JSON, Output.YAML}:
        print_document(plan_document(found, timeline), output)
    else:
        for line in page(found, timeline, now):
            typer.echo(line)
    for sentence in found.missing:
        typer.echo(f"  {one_line(sentence)}", err=True)
    if found.missing:
        typer.echo("  Planned without it: what it would decide is the contract's default here.", err=True)


def _document(
    backend: Backend, target: str, pairs: list[str] | None, job: JobFlags, where: Where
) -> Mapping[str, Any]:
    """The stored object of that name, or what `run` would submit."""
    if "." not in target:
        if pairs or job != JobFlags():
            raise typer.BadParameter(f"{target} is the name of a job that exists; it takes no further option")
        return backend.get(where.namespace or backend.default_namespace, target)
    class_, method = split_target(target)
    options = with_backend_defaults(job.options(where.namespace), backend)
    return backgroundjob_manifest(class_, method, job.given_params(pairs), options)
