"""Submitting when a database transaction commits: Django's, or a Session of SQLAlchemy.

The job must not start before the rows that it needs are there, and must not start at all when they are
rolled back. Arguments are checked at once; only the sending waits. Between the commit and the sending a
process may die: who cannot live with that keeps a table of what to submit, and uses `unique=`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar

from backgroundjob.errors import NotCommitted, NotInstalled
from backgroundjob.handle import Handle
from backgroundjob.jobs import JobMethod
from backgroundjob.typed_calls import TypedCall, call_of

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

Transaction: TypeAlias = Any
"""A database alias of Django, a Session or AsyncSession of SQLAlchemy, or a function that takes a callback
and calls it after the commit."""


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
        deferred: Deferred[R_co] = Deferred(call_of(self.method, args, kwargs))
        _registrar(self.transaction)(deferred.submit)
        return deferred


def _registrar(transaction: Transaction) -> Callable[[Callable[..., None]], object]:
    if transaction is None or isinstance(transaction, str):
        return _django(transaction)
    # An AsyncSession does its work in a plain one, and events are the plain one's.
    session = getattr(transaction, "sync_session", transaction)
    return _sqlalchemy(session) if hasattr(session, "in_transaction") else transaction


def _django(alias: str | None) -> Callable[[Callable[..., None]], object]:
    try:
        from django.db import transaction  # noqa: PLC0415  only who uses Django has it
    except ModuleNotFoundError as error:
        what = "on_commit() without an argument is Django's current transaction, and Django"
        raise NotInstalled(what, "for SQLAlchemy give the session: on_commit(session)") from error
    return lambda callback: transaction.on_commit(callback, using=alias)


def _sqlalchemy(session: Any) -> Callable[[Callable[..., None]], object]:
    from sqlalchemy import event  # noqa: PLC0415  whose session it is has it

    def register(callback: Callable[..., None]) -> None:
        def committed(_session: Any) -> None:
            forget()
            callback()

        def ended(_session: Any, transaction: Any) -> None:
            if transaction.parent is None:  # the whole transaction, not a savepoint
                forget()

        def forget() -> None:
            for name, listener in (("after_commit", committed), ("after_transaction_end", ended)):
                if event.contains(session, name, listener):
                    event.remove(session, name, listener)

        event.listen(session, "after_commit", committed)
        event.listen(session, "after_transaction_end", ended)

    return register
