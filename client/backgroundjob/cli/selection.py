"""Which jobs a verb is for: names, or filters; and the question before it touches several."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from backgroundjob.api.limits import DEFAULT_QUEUE
from backgroundjob.api.reasons import State
from backgroundjob.backends import Backend, Document
from backgroundjob.cli.completion import classes, job_names, queues
from backgroundjob.cli.flags import Where

_NAMES_SHOWN: Final = 8
_WHICH = "Which"

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...",
        help="Names of BackgroundJobs, or filters.",
        show_default=False,
        autocompletion=job_names,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Jobs by what they are, instead of by name."""

    states: Annotated[
        list[State] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help=f"Jobs in this state; may be repeated. One of {', '.join(State)}.",
            rich_help_panel=_WHICH,
            show_default=False,
        ),
    ] = None
    class_: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="CLASS[.METHOD]",
            help="Jobs of this class.",
            rich_help_panel=_WHICH,
            autocompletion=classes,
        ),
    ] = None
    queue: Annotated[
        str | None,
        typer.Option("--queue", help="Jobs of this queue.", rich_help_panel=_WHICH, autocompletion=queues),
    ] = None
    all_namespaces: Annotated[
        bool,
        typer.Option("--all-namespaces", "-A", help="In every namespace.", rich_help_panel=_WHICH),
    ] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing several jobs.")] = False

    @property
    def given(self) -> bool:
        """Whether there is any filter; every namespace alone is none."""
        return bool(self.states) or self.class_ is not None or self.queue is not None

    def match(self, document: Document) -> bool:
        """Whether the job is one of those."""
        spec, status = document.get("spec") or {}, document.get("status") or {}
        if self.states and status.get("state") not in self.states:
            return False
        if self.class_ is not None and self.class_ not in {
            spec.get("class"),
            f"{spec.get('class')}.{spec.get('method')}",
        }:
            return False
        queue = status.get("queue") or spec.get("queue") or DEFAULT_QUEUE
        return self.queue is None or self.queue == queue


Target = tuple[str, str]
"""Namespace and name."""


def select(
    names: Sequence[str] | None,
    filters: Filters,
    where: Where,
    backend: Backend,
    *,
    verb: str,
    fits: Callable[[Document], bool],
) -> list[Target]:
    """The jobs, once the user has agreed. `fits` narrows filters to jobs on which the verb can act.

    Raises BadParameter, and Exit when nothing matches or the user does not agree.
    """
    if names:
        if filters.given or filters.all_namespaces:
            raise typer.BadParameter("names and filters exclude each other")
        place = where.namespace or backend.default_namespace
        found = [(place, name) for name in dict.fromkeys(names)]
        if len(found) == 1:
            return found
        return _agreed(found, verb, yes=filters.yes)
    if "" in (filters.class_, filters.queue):
        # A variable of a script that is not set must not take the jobs of every class.
        raise typer.BadParameter("--class and --queue need a name; it is empty")
    if not filters.given:
        raise typer.BadParameter("give names, or filters: --state, --class, --queue")
    if filters.all_namespaces and where.namespace is not None:
        raise typer.BadParameter("--all-namespaces and --namespace exclude each other")
    namespace = None if filters.all_namespaces else where.namespace or backend.default_namespace
    matching = [one for one in backend.list(namespace) if filters.match(one) and fits(one)]
    found = sorted((one["metadata"]["namespace"], one["metadata"]["name"]) for one in matching)
    if not found:
        typer.echo(f"No jobs to {verb}" + (f" in namespace {namespace}." if namespace else "."), err=True)
        raise typer.Exit
    return _agreed(found, verb, yes=filters.yes)


def _agreed(found: list[Target], verb: str, *, yes: bool) -> list[Target]:
    if yes:
        return found
    places = sorted({namespace for namespace, _ in found})
    several = len(places) > 1
    shown = ", ".join(f"{place}/{name}" if several else name for place, name in found[:_NAMES_SHOWN])
    more = f" and {len(found) - _NAMES_SHOWN} more" if len(found) > _NAMES_SHOWN else ""
    where = f"{len(places)} namespaces" if several else f"namespace {places[0]}"
    count = "1 job" if len(found) == 1 else f"{len(found)} jobs"
    question = f"{verb.capitalize()} {count} in {where}: {shown}{more}?"
    if not _confirmed(question):
        typer.echo("Nothing was changed.", err=True)
        raise typer.Exit(1)
    return found


def _confirmed(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        typer.echo("\nNobody answered; --yes answers in a script.", err=True)
        return False
