"""The application `bgjob` with its commands."""

from typing import Annotated

import typer

from backgroundjob import __version__
from backgroundjob.cli import allow_list, describe, doctor, plan, read, run, verbs, why
from backgroundjob.cli.group import Group

app = typer.Typer(
    name="bgjob",
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bgjob {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Run Class.method in the background, on Kubernetes or on this machine.

    [bold]Examples[/bold]

    $ bgjob run EmailJob.send to=a@example.org --retries 4 --wait
    $ bgjob list --all-namespaces
    $ bgjob logs email-job-send-x7k2p --follow
    $ bgjob wait email-job-send-x7k2p --timeout 10m
    """


app.command("run")(run.run)
app.command("list")(read.list_jobs)
app.command("get")(read.get)
app.command("logs")(read.logs)
app.command("wait")(run.wait)
app.command("why")(why.why)
app.command("plan")(plan.plan)
app.command("describe")(describe.describe)
app.command("cancel")(verbs.cancel)
app.command("suspend")(verbs.suspend)
app.command("resume")(verbs.resume)
app.command("retry")(verbs.retry)
app.command("delete")(verbs.delete)
app.add_typer(allow_list.app, name="allow-list")
app.command("doctor")(doctor.doctor)
app.command("crd")(read.crd)
