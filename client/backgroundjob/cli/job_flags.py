"""The options that say how a job is to run: those of `run` and `plan`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from backgroundjob.api.reasons import Backoff
from backgroundjob.cli.arguments import parse_params, parse_secret_params
from backgroundjob.cli.completion import queues
from backgroundjob.cli.options import DURATION, TIME_FORMATS
from backgroundjob.job_options import JobOptions, parse_priority

_WHEN, _RETRY, _HOW = "When", "Retries", "Together with other jobs"
_EXCEPTION = "EXCEPTION"

PairsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=TEXT|KEY:=JSON",
        help="Parameters: key=text is a text, key:=json a number, list, …",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFlags:
    """`run_background_job`'s options, as they are typed."""

    params: Annotated[
        str | None,
        typer.Option(
            "--params",
            metavar="JSON|@FILE|-",
            help="Parameters as a JSON object, or a list of positional values.",
        ),
    ] = None
    params_from: Annotated[
        list[str] | None,
        typer.Option(
            "--params-from",
            metavar="KEY=SECRET/KEY",
            help="A parameter from a Secret of the namespace; may be repeated.",
            show_default=False,
        ),
    ] = None
    name: Annotated[
        str | None,
        typer.Option(
            "--name", help="Name of the object. The same name with the same spec starts nothing new."
        ),
    ] = None
    unique: Annotated[
        str | None,
        typer.Option("--unique", metavar="TEMPLATE", help="Name from parameters, such as 'invoice-{id}'."),
    ] = None
    ttl: Annotated[
        str | None,
        typer.Option("--ttl", metavar=DURATION, help="Keep the finished job, with its logs, this long: 7d."),
    ] = None
    retries: Annotated[
        int | None, typer.Option("--retries", help="Attempts after the first.", rich_help_panel=_RETRY)
    ] = None
    retry_delay: Annotated[
        str | None,
        typer.Option(
            "--retry-delay",
            metavar=DURATION,
            help="Before the first retry: 10, 90s, 10m.",
            rich_help_panel=_RETRY,
        ),
    ] = None
    backoff: Annotated[
        Backoff | None, typer.Option("--backoff", help="How the delay grows.", rich_help_panel=_RETRY)
    ] = None
    retry_on: Annotated[
        list[str] | None,
        typer.Option(
            "--retry-on",
            metavar=_EXCEPTION,
            help="Retry after this exception or a subclass, and after no other; may be repeated.",
            rich_help_panel=_RETRY,
            show_default=False,
        ),
    ] = None
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            metavar=_EXCEPTION,
            help="Never retry after this exception or a subclass; may be repeated.",
            rich_help_panel=_RETRY,
            show_default=False,
        ),
    ] = None
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout", metavar=DURATION, help="Time limit of one attempt.", rich_help_panel=_RETRY
        ),
    ] = None
    deadline: Annotated[
        str | None,
        typer.Option(
            "--deadline",
            metavar=DURATION,
            help="From now to the end of everything: waiting, attempts and delays.",
            rich_help_panel=_RETRY,
        ),
    ] = None
    delay: Annotated[
        str | None,
        typer.Option(
            "--delay", metavar=DURATION, help="Start this much later: 60, 10m, 1h30m.", rich_help_panel=_WHEN
        ),
    ] = None
    run_at: Annotated[
        datetime | None,
        typer.Option(
            "--run-at",
            metavar="TIME",
            formats=TIME_FORMATS,
            help="Start at this time, such as 2026-03-01T07:30:00; UTC without an offset.",
            rich_help_panel=_WHEN,
        ),
    ] = None
    suspend: Annotated[
        bool,
        typer.Option("--suspend", help="Start nothing until `bgjob resume`.", rich_help_panel=_WHEN),
    ] = False
    priority: Annotated[
        str | None,
        typer.Option("--priority", help="-1000 to 1000, or high, medium, low.", rich_help_panel=_HOW),
    ] = None
    queue: Annotated[
        str | None,
        typer.Option(
            "--queue", help="Queue whose limits apply.", rich_help_panel=_HOW, autocompletion=queues
        ),
    ] = None
    concurrency_key: Annotated[
        str | None,
        typer.Option(
            "--concurrency-key",
            metavar="TEXT",
            help="Of jobs with the same key one runs at a time: customer-42.",
            rich_help_panel=_HOW,
        ),
    ] = None
    depends_on: Annotated[
        list[str] | None,
        typer.Option(
            "--depends-on",
            metavar="NAME[:Finished]",
            help="Wait until that job succeeded, or ended in any way; may be repeated.",
            rich_help_panel=_HOW,
            show_default=False,
        ),
    ] = None

    def given_params(self, pairs: list[str] | None) -> dict[str, Any] | list[Any]:
        """The parameters of all forms together. Raises BadParameter."""
        return parse_params(pairs or [], self.params)

    def options(self, namespace: str | None) -> JobOptions:
        """The same as values. Raises BadParameter."""
        return JobOptions(
            name=self.name,
            namespace=namespace,
            unique=self.unique,
            params_from=parse_secret_params(self.params_from or ()) or None,
            retries=self.retries,
            retry_delay=self.retry_delay,
            backoff=self.backoff,
            retry_on=self.retry_on or None,
            fail_on=self.fail_on or None,
            timeout=self.timeout,
            deadline=self.deadline,
            ttl=self.ttl,
            delay=self.delay,
            run_at=self.run_at.replace(tzinfo=self.run_at.tzinfo or UTC) if self.run_at else None,
            suspend=self.suspend,
            priority=parse_priority(self.priority) if self.priority is not None else None,
            queue=self.queue,
            concurrency_key=self.concurrency_key,
            depends_on=self.depends_on or None,
        )
