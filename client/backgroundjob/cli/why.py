"""`bgjob why`: one sentence."""

from typing import Annotated, Any

import typer

from backgroundjob.cli.flags import Where, with_flags
from backgroundjob.cli.options import NameArgument
from backgroundjob.cli.output import Output, one_line, print_document


@with_flags
def why(
    name: NameArgument,
    *,
    output: Annotated[
        Output, typer.Option("--output", "-o", help="Form of the output; json and yaml have every number.")
    ] = Output.TABLE,
    where: Where,
) -> None:
    """Say in one sentence how a job stands and what it waits for: reason, position, estimate.

    Position and estimate change with every other job: the operator computes them when asked.

    [bold]Examples[/bold]

    $ bgjob why invoice-42
    $ bgjob why invoice-42 -o json | jq .estimateSeconds
    """
    backend = where.choose()
    found = backend.why(where.namespace or backend.default_namespace, name)
    if output in {Output.JSON, Output.YAML}:
        document: dict[str, Any] = found.to_document()
        print_document(document, output)
        return
    typer.echo(one_line(found.sentence))
    if found.missing:
        typer.echo(f"  {one_line(found.missing)}", err=True)
