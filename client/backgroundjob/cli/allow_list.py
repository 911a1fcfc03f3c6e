"""`bgjob allow-list list` and `show`: what may run. `lint` and `generate` are next door."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backgroundjob.cli import allow_list_code
from backgroundjob.cli.completion import targets
from backgroundjob.cli.exit_codes import ExitCode
from backgroundjob.cli.flags import Where, with_flags
from backgroundjob.cli.options import OutputOption
from backgroundjob.cli.output import Output, columns, one_line, print_document, print_error
from backgroundjob.cli.stored_entries import stored_texts

if TYPE_CHECKING:
    from backgroundjob.api.allow_list import AllowListEntry

app = typer.Typer(no_args_is_help=True, help="Show, check and generate the list of what may run.")


@app.command("list")
@with_flags
def list_entries(*, output: OutputOption = Output.TABLE, where: Where) -> None:
    """List the methods that may run, with their parameters.

    [bold]Examples[/bold]

    $ bgjob allow-list list
    $ bgjob allow-list list -o name
    """
    # They parse YAML and validate models: only here, so that other commands start fast.
    from backgroundjob.doctor.settings import read_entries  # noqa: PLC0415
    from backgroundjob.drift import params_text  # noqa: PLC0415

    entries, malformed = read_entries(stored_texts(where.choose()))
    if output in {Output.JSON, Output.YAML}:
        items = [{"key": key, **_document(key, entry)} for key, entry in sorted(entries.items())]
        print_document({"items": items, "malformed": malformed}, output)
    elif output is Output.NAME:
        for key in sorted(entries):
            typer.echo(key)
    elif entries:
        wide = ("ATTEMPTS", "TIMEOUT", "DESCRIPTION") if output is Output.WIDE else ()
        rows = [
            (*_row(key, entry), params_text(entry.params), *(_more(entry) if wide else ()))
            for key, entry in sorted(entries.items())
        ]
        for line in columns(("KEY", "TARGET", "PROFILE", "NAMESPACES", "PARAMS", *wide), rows):
            typer.echo(line)
    else:
        typer.echo("The allow-list names no method that can be used.", err=True)
    for key, sentence in malformed.items():
        typer.echo(f"  entry {key} is malformed and not in use: {one_line(sentence)}", err=True)


def _row(key: str, entry: "AllowListEntry") -> tuple[str, str, str, str]:
    return key, entry.target_of(key), entry.profile, ",".join(entry.namespaces or ("all",))


def _more(entry: "AllowListEntry") -> tuple[str, str, str]:
    retry, limits = entry.defaults.retry, entry.limits
    attempts = _most(retry.max_attempts if retry else None, limits.max_attempts)
    return attempts, _most(entry.defaults.timeout_seconds, limits.timeout_seconds), entry.description


def _most(default: int | None, limit: int | None) -> str:
    most = f" (at most {limit})" if limit is not None else ""
    return f"{'' if default is None else default}{most}".strip()


def _document(key: str, entry: "AllowListEntry") -> Mapping[str, Any]:
    return {**entry.to_document(), "target": entry.target_of(key)}


@app.command("show")
@with_flags
def show(
    key: Annotated[
        str,
        typer.Argument(
            metavar="CLASS.METHOD", help="Key of the entry.", show_default=False, autocompletion=targets
        ),
    ],
    *,
    where: Where,
) -> None:
    """Show one entry as YAML, and the command line that calls it.

    [bold]Example[/bold]

    $ bgjob allow-list show EmailJob.send
    """
    from backgroundjob.api.fields import nearest  # noqa: PLC0415  as above
    from backgroundjob.doctor.settings import read_entries  # noqa: PLC0415
    from backgroundjob.drift import call_text  # noqa: PLC0415

    texts = stored_texts(where.choose())
    if key not in texts:
        print_error(
            f"{key} is not in the allow-list{nearest(key, texts)}", "list it with: bgjob allow-list list"
        )
        raise typer.Exit(ExitCode.UNAVAILABLE)
    entries, malformed = read_entries({key: texts[key]})
    typer.echo(texts[key].rstrip("\n"))
    if malformed:
        print_error(
            f"entry {key} is malformed and not in use: {malformed[key]}", "correct it, then: bgjob doctor"
        )
        raise typer.Exit(ExitCode.FAILED)
    typer.echo(f"# {call_text(key, entries[key].params)}")


app.command("lint")(allow_list_code.lint)
app.command("generate")(allow_list_code.generate)
