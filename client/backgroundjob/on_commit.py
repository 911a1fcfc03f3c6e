"""Submitting when a database transaction commits: Django's, or a Session of SQLAlchemy.

The job must not start before the rows that it needs are there, and must not start at all when they are
rolled back, with the transaction or with a savepoint. Arguments are checked at once; only the sending waits.
Between the commit and the sending a process may die: who cannot live with that keeps a table of what to
submit, and uses `unique=`.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar, cast

from backgroundjob.errors import NotCommitted, NotInstalled
from backgroundjob.handle import Handle
from backgroundjob.jobs import JobMethod
from backgroundjob.typed_calls import TypedCall, call_of

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

Transaction: TypeAlias = Any
"""A database alias of Django, a Session of SQLAlchemy (also an AsyncSession or a scoped one), or a function
that takes a callback and calls it after the commit."""


class Deferred(Generic[R_co]):
    """A job that is submitted when its transaction commits."""

    def __init__(self, call: TypedCall) -> None:
        self._call = call
        self._handle: Handle[R_co] | None = None

    @property
    def is_submitted(self) -> bool:
        """Whether the commit has come."""
        return self._handle is not None

    @property
    def handle(self) -> Handle[R_co]:
        """The handle, after the commit. Raises NotCommitted."""
        if self._handle is None:
            raise NotCommitted(self._call.method.key)
        return self._handle

    def submit(self, *_: Any) -> None:
        """What the transaction calls. Raises what submitting raises."""
        self._handle = self._handle or self._call.submit()


@dataclass(frozen=True, slots=True)
class DeferringMethod(Generic[P, R_co]):
    """`EmailJob.send.on_commit()`."""

    method: JobMethod[P, R_co]
    transaction: Transaction

    def later(self, *args: P.args, **kwargs: P.kwargs) -> Deferred[R_co]:
        """Check the call now, submit it at the commit. Raises InvalidParams, InvalidSpec, NotInstalled."""
        deferred: Deferred[R_co] = Deferred(call_of(self.method, args, kwargs).checked())
        _registrar(self.transaction)(deferred.submit)
        return deferred


def _registrar(transaction: Transaction) -> Callable[[Callable[..., None]], object]:
    if transaction is None or isinstance(transaction, str):
        return _django(transaction)
    # A scoped session is a registry, and an AsyncSession does its work in a plain one.
    given = transaction.registry() if hasattr(transaction, "registry") else transaction
    session = getattr(given, "sync_session", given)
    orm = sys.modules.get("sqlalchemy.orm")
    if orm is not None and isinstance(session, orm.Session):
        return _sqlalchemy(session, is_async=session is not given)
    if not callable(transaction):
        accepted = (
            "nothing or an alias for Django, a Session of SQLAlchemy, or a function that takes a callback"
        )
        raise TypeError(f"on_commit() takes {accepted}; found a {type(transaction).__name__}")
    return cast("Callable[[Callable[..., None]], object]", transaction)


def _django(alias: str | None) -> Callable[[Callable[..., None]], object]:
    try:
        from django.db import transaction  # noqa: PLC0415  only who uses Django has it
    except ModuleNotFoundError as error:
        what = "on_commit() without an argument is Django's current transaction, and Django"
        raise NotInstalled(what, "for SQLAlchemy give the session: on_commit(session)") from error
    return lambda callback: transaction.on_commit(callback, using=alias)


def _sqlalchemy(session: Any, *, is_async: bool) -> Callable[[Callable[..., None]], object]:
    from backgroundjob.session_commits import after_commit  # noqa: PLC0415  whose session it is has SQLAlchemy

    return lambda callback: after_commit(session, callback, is_async=is_async)
