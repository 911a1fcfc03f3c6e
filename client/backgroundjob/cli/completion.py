"""What the shell offers after Tab: names of jobs, methods, queues. Quick, and silent whatever happens."""

import logging
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import Any, Final

import typer

from backgroundjob.backends import Backend
from backgroundjob.cli.flags import Where

PATIENCE_SECONDS: Final = 2.0
"""Nobody waits longer for a suggestion."""
_GIVEN: Final = ("names", "name")
Item = tuple[str, str]
"""What is offered, and a word about it."""


def job_names(ctx: typer.Context, incomplete: str) -> list[Item]:
    """Names of jobs in the namespace, with what they run and how they stand."""
    given = {name for argument in _GIVEN for name in _listed(ctx.params.get(argument))}
    return [one for one in _offered(ctx, incomplete, _jobs) if one[0] not in given]


def targets(ctx: typer.Context, incomplete: str) -> list[Item]:
    """`Class.method` of every method that may run."""
    return _offered(ctx, incomplete, _methods)


def targets_and_names(ctx: typer.Context, incomplete: str) -> list[Item]:
    """Either, as `bgjob plan` takes them."""
    return _offered(
        ctx, incomplete, lambda backend, place: [*_methods(backend, place), *_jobs(backend, place)]
    )


def classes(ctx: typer.Context, incomplete: str) -> list[Item]:
    """Classes that may run, and their methods."""
    return _offered(ctx, incomplete, _classes)


def queues(ctx: typer.Context, incomplete: str) -> list[Item]:
    """Queues that are configured, or that a job of the namespace is in."""
    return _offered(ctx, incomplete, _queues)


def _listed(value: Any) -> Iterable[str]:
    return value if isinstance(value, list | tuple) else [value] if value else []


def _offered(
    ctx: typer.Context, incomplete: str, find: Callable[[Backend, str], Iterable[Item]]
) -> list[Item]:
    """What was found in time and begins so; nothing where anything goes wrong."""
    found: list[Item] = []

    def look() -> None:
        try:
            where = Where(
                **{field: ctx.params.get(field) for field in ("namespace", "backend", "context")},
                local=bool(ctx.params.get("local")),
            )
            backend = where.choose()
            found.extend(dict(find(backend, where.namespace or backend.default_namespace)).items())
        except BaseException:  # noqa: BLE001  a suggestion is no place for an error
            found.clear()

    logging.disable(logging.CRITICAL)
    # A thread of its own: an API server that does not answer must not hold the shell.
    thread = Thread(target=look, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    logging.disable(logging.NOTSET)
    return sorted(item for item in tuple(found) if item[0].startswith(incomplete))


def _jobs(backend: Backend, namespace: str) -> Iterator[Item]:
    for document in backend.list(namespace):
        spec, status = document.get("spec") or {}, document.get("status") or {}
        about = f"{spec.get('class')}.{spec.get('method')} {status.get('state') or ''}".strip()
        yield str(document["metadata"]["name"]), about


def _methods(backend: Backend, _: str) -> Iterator[Item]:
    yield from ((key, "") for key in backend.settings().allow_list or ())


def _classes(backend: Backend, namespace: str) -> Iterator[Item]:
    for key, about in _methods(backend, namespace):
        yield key.rpartition(".")[0], about
        yield key, about


def _queues(backend: Backend, namespace: str) -> Iterator[Item]:
    import yaml  # noqa: PLC0415  most commands need none

    text = (backend.settings().config or {}).get("queues", "")
    yield from ((str(name), "") for name in yaml.safe_load(text) or ())
    for document in backend.list(namespace):
        spec, status = document.get("spec") or {}, document.get("status") or {}
        yield str(status.get("queue") or spec.get("queue") or "default"), ""
