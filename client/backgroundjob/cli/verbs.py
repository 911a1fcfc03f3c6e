"""`bgjob cancel`, `suspend`, `resume`, `retry` and `delete`: what changes a job that exists."""

from backgroundjob.api.reasons import UNSUCCESSFUL_STATES
from backgroundjob.backends import Backend, Document
from backgroundjob.cli.bulk import Bulk, Pace, perform
from backgroundjob.cli.flags import Where, with_flags
from backgroundjob.cli.selection import Filters, NamesArgument, Target, select
from backgroundjob.errors import NotPossible
from backgroundjob.verbs import Verb, annotate, apply, change


@with_flags
def cancel(names: NamesArgument = None, *, filters: Filters, bulk: Bulk, where: Where) -> None:
    """Stop jobs now: what runs gets SIGTERM, then the grace period; what waits never starts.

    [bold]Examples[/bold]

    $ bgjob cancel invoice-42
    $ bgjob cancel --queue mail --state Queued --yes --reason "mail server moves" --rate 10
    """
    _each(Verb.CANCEL, names, filters, bulk, where)


@with_flags
def suspend(names: NamesArgument = None, *, filters: Filters, bulk: Bulk, where: Where) -> None:
    """Hold jobs back: nothing new starts, what runs goes on.

    [bold]Examples[/bold]

    $ bgjob suspend invoice-42
    $ bgjob suspend --class EmailJob
    """
    _each(Verb.SUSPEND, names, filters, bulk, where)


@with_flags
def resume(names: NamesArgument = None, *, filters: Filters, bulk: Bulk, where: Where) -> None:
    """Let suspended jobs go on.

    [bold]Examples[/bold]

    $ bgjob resume invoice-42
    $ bgjob resume --class EmailJob
    """
    _each(Verb.RESUME, names, filters, bulk, where)


@with_flags
def retry(names: NamesArgument = None, *, filters: Filters, bulk: Bulk, where: Where) -> None:
    """Run ended jobs again, with fresh budgets; their history stays.

    Filters without --state take jobs that did not succeed.

    [bold]Examples[/bold]

    $ bgjob retry invoice-42
    $ bgjob retry --class InvoiceJob.create --state Failed
    """
    _each(Verb.RETRY, names, filters, bulk, where)


@with_flags
def delete(names: NamesArgument = None, *, filters: Filters, bulk: Bulk, where: Where) -> None:
    """Delete jobs with all they own: attempts, pods and logs. What runs is stopped.

    [bold]Examples[/bold]

    $ bgjob delete invoice-42
    $ bgjob delete --state Succeeded --class EmailJob --yes
    """
    bulk.check()
    backend = where.choose()
    targets = select(names, filters, where, backend, verb="delete", fits=lambda _: True)

    def remove(target: Target) -> str:
        if filters.given and not filters.match(backend.get(*target)):
            return _CHANGED
        if bulk.reason:
            annotate(backend, *target, "delete", bulk.reason)
        backend.delete(*target)
        return "deleted"

    perform(targets, remove, Pace(bulk.rate))


def _each(verb: Verb, names: list[str] | None, filters: Filters, bulk: Bulk, where: Where) -> None:
    bulk.check()
    backend = where.choose()
    targets = select(names, filters, where, backend, verb=verb, fits=lambda one: _fits(verb, one, filters))

    def act(target: Target) -> str:
        if filters.given and not _is_meant(verb, backend.get(*target), filters):
            return _CHANGED
        return _applied(verb, backend, target, bulk.reason)

    perform(targets, act, Pace(bulk.rate))


def _is_meant(verb: Verb, document: Document, filters: Filters) -> bool:
    return filters.match(document) and _fits(verb, document, filters)


def _fits(verb: Verb, document: Document, filters: Filters) -> bool:
    state = (document.get("status") or {}).get("state")
    if verb is Verb.RETRY and not filters.states and state not in UNSUCCESSFUL_STATES:
        return False
    try:
        return bool(change(verb, document))
    except NotPossible:
        return False


_CHANGED = "has changed since and is none of them any more: left alone"
"""Filters were read once; at a slow rate the last of many jobs comes minutes later."""
_DONE = {
    Verb.CANCEL: ("cancel requested", "cancel was requested before"),
    Verb.SUSPEND: ("suspended", "was suspended before"),
    Verb.RESUME: ("resumed", "is not suspended"),
}


def _applied(verb: Verb, backend: Backend, target: Target, reason: str) -> str:
    document, changed = apply(backend, *target, verb, reason=reason)
    if verb is Verb.RETRY:
        return f"runs again (restart {document['spec']['restarts']})"
    return _DONE[verb][0 if changed else 1]
