"""Calling back when a Session of SQLAlchemy has committed. Imported by whoever has SQLAlchemy.

A Session tells of the end of each transaction, savepoints included; which callbacks wait for which of them
is kept in the session itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.util import await_only

_KEY: Final = "backgroundjob.on_commit"


@dataclass(slots=True)
class _Waiting:
    callback: Callable[[], object]
    uncommitted: list[SessionTransaction]
    """What has yet to commit, the innermost savepoint first and the transaction itself last."""


def after_commit(session: Session, callback: Callable[[], object], *, is_async: bool) -> None:
    """Call back when everything that is open now has committed; never when a part is rolled back.

    Like a statement, it begins a transaction where none is open. `is_async`: an AsyncSession commits, whose
    loop must not be blocked.
    """
    if _KEY not in session.info:
        session.info[_KEY] = []
        event.listen(session, "after_commit", _committed)
        event.listen(session, "after_transaction_end", _ended)
    innermost = session.get_nested_transaction() or session.get_transaction() or session.begin()
    call = (lambda: _awaited(callback)) if is_async else callback
    session.info[_KEY].append(_Waiting(call, list(_outwards(innermost))))


def _outwards(transaction: SessionTransaction | None) -> Iterator[SessionTransaction]:
    while transaction is not None:
        yield transaction
        transaction = transaction.parent


def _committed(session: Session) -> None:
    """Also told when a savepoint is released."""
    done = session.get_nested_transaction() or session.get_transaction()
    for one in session.info[_KEY]:
        if one.uncommitted[0] is done:
            del one.uncommitted[0]


def _ended(session: Session, transaction: SessionTransaction) -> None:
    """Told last, when the connection is back in its pool: calling back may take a while, or raise."""
    every: list[_Waiting] = session.info[_KEY]
    session.info[_KEY] = [one for one in every if one.uncommitted and transaction not in one.uncommitted]
    errors: list[Exception] = []
    for one in every:
        if not one.uncommitted:
            try:
                one.callback()
            except Exception as error:  # noqa: BLE001  the others have committed too; the first is raised below
                errors.append(error)
    if errors:
        raise errors[0]


def _awaited(callback: Callable[[], object]) -> None:
    from backgroundjob.aio import in_thread  # noqa: PLC0415  asyncio is not for everybody

    await_only(in_thread(callback))
