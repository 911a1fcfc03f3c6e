"""Jobs that are submitted when a Session of SQLAlchemy commits: real transactions, in SQLite."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

from backgroundjob import BackendUnavailable, InvalidParams, JobClass, NotCommitted, job
from backgroundjob.backends import Document
from backgroundjob.testing import InMemoryBackend, use_backend


class OrderJob(JobClass):
    """Needs the row of its order."""

    @job
    def ship(self, number: int) -> None:
        """Ship it."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    found = create_engine(f"sqlite:///{tmp_path}/orders.db")
    with found.begin() as connection:
        connection.execute(text("CREATE TABLE orders (number INTEGER PRIMARY KEY)"))
    yield found
    found.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as found:
        yield found


def order(session: Session, number: int) -> Any:
    """A row, and the job that needs it."""
    session.execute(text("INSERT INTO orders VALUES (:number)"), {"number": number})
    return OrderJob.ship.on_commit(session).later(number)


def shipped(jobs: InMemoryBackend) -> list[int]:
    return [params["number"] for _, params in jobs.calls()]


def test_the_job_is_submitted_once_after_the_commit(session: Session, jobs: InMemoryBackend) -> None:
    deferred = order(session, 1)
    session.flush()
    assert (shipped(jobs), deferred.is_submitted) == ([], False)
    session.commit()
    assert (shipped(jobs), deferred.is_submitted) == ([1], True)
    session.commit()
    assert shipped(jobs) == [1]
    assert deferred.handle.refresh().name == deferred.handle.name


def test_the_row_is_there_for_others_when_the_job_is_submitted(
    session: Session, engine: Engine, jobs: InMemoryBackend
) -> None:
    rows: list[int] = []

    class Looking(InMemoryBackend):
        """Counts the orders that another connection sees."""

        def submit(self, manifest: Any) -> Document:
            with engine.connect() as other:
                rows.append(other.execute(text("SELECT count(*) FROM orders")).scalar_one())
            return super().submit(manifest)

    with use_backend(Looking()):
        order(session, 1)
        session.commit()
    assert rows == [1]


def test_a_rollback_submits_nothing_then_or_later(session: Session, jobs: InMemoryBackend) -> None:
    deferred = order(session, 1)
    session.rollback()
    session.commit()
    order(session, 2)
    session.commit()
    assert (shipped(jobs), deferred.is_submitted) == ([2], False)


def test_a_commit_that_fails_submits_nothing(session: Session, jobs: InMemoryBackend) -> None:
    order(session, 1)
    session.commit()
    with pytest.raises(IntegrityError), session.begin():
        order(session, 1)
    session.commit()
    assert shipped(jobs) == [1]


def test_closing_the_session_submits_nothing(engine: Engine, jobs: InMemoryBackend) -> None:
    session = Session(engine)
    order(session, 1)
    session.close()
    session.commit()
    assert shipped(jobs) == []


def test_each_transaction_of_a_session_submits_its_own(session: Session, jobs: InMemoryBackend) -> None:
    with session.begin():
        order(session, 1)
        order(session, 2)
    assert shipped(jobs) == [1, 2]
    with session.begin():
        order(session, 3)
    assert shipped(jobs) == [1, 2, 3]


def test_sessions_do_not_submit_for_each_other(
    session: Session, engine: Engine, jobs: InMemoryBackend
) -> None:
    OrderJob.ship.on_commit(session).later(1)
    with Session(engine) as other, other.begin():
        order(other, 2)
    assert shipped(jobs) == [2]


def test_a_job_asked_for_before_the_first_statement_belongs_to_that_transaction(
    session: Session, jobs: InMemoryBackend
) -> None:
    OrderJob.ship.on_commit(session).later(1)
    session.rollback()
    session.commit()
    assert shipped(jobs) == []
    OrderJob.ship.on_commit(session).later(2)
    session.commit()
    assert shipped(jobs) == [2]


def test_a_savepoint_that_is_released_waits_for_the_commit(session: Session, jobs: InMemoryBackend) -> None:
    order(session, 1)
    with session.begin_nested():
        order(session, 2)
        with session.begin_nested():
            order(session, 3)
    assert shipped(jobs) == []
    session.commit()
    assert shipped(jobs) == [1, 2, 3]


def test_a_savepoint_that_is_rolled_back_takes_its_jobs_with_it(
    session: Session, jobs: InMemoryBackend
) -> None:
    order(session, 1)
    outer = session.begin_nested()
    order(session, 2)
    with session.begin_nested():
        order(session, 3)
    outer.rollback()
    order(session, 4)
    session.commit()
    assert shipped(jobs) == [1, 4]


def test_a_commit_with_a_savepoint_open_submits_its_jobs_too(session: Session, jobs: InMemoryBackend) -> None:
    session.begin_nested()
    order(session, 1)
    session.commit()
    assert shipped(jobs) == [1]


def test_a_rollback_after_a_released_savepoint_submits_nothing(
    session: Session, jobs: InMemoryBackend
) -> None:
    with session.begin_nested():
        order(session, 1)
    session.rollback()
    session.commit()
    assert shipped(jobs) == []


def test_arguments_are_checked_at_once_and_then_nothing_waits(
    session: Session, jobs: InMemoryBackend
) -> None:
    with pytest.raises(InvalidParams, match=r"params\.number"):
        OrderJob.ship.on_commit(session).later("1")  # type: ignore[arg-type]  # the point
    session.commit()
    assert jobs.calls() == []


def test_a_handle_before_the_commit_is_an_error(session: Session) -> None:
    deferred = order(session, 1)
    with pytest.raises(NotCommitted, match=r"OrderJob\.ship is not submitted"):
        _ = deferred.handle


class Unreachable(InMemoryBackend):
    """Answers from the second job on."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def submit(self, manifest: Any) -> Document:
        if manifest["spec"]["params"]["number"] == 1:
            raise self.error
        return super().submit(manifest)


@pytest.mark.parametrize(
    "error", [BackendUnavailable("the API server", "does not answer"), OSError("no credentials")]
)
def test_a_job_that_cannot_be_sent_is_told_and_keeps_no_other_from_being_sent(
    session: Session, error: Exception
) -> None:
    with use_backend(Unreachable(error)) as backend:
        order(session, 1)
        order(session, 2)
        with pytest.raises(type(error)):
            session.commit()
        assert isinstance(backend, InMemoryBackend)
        assert shipped(backend) == [2]
        order(session, 3)  # the rows are committed and the session is good
        session.commit()
        assert session.execute(text("SELECT count(*) FROM orders")).scalar_one() == 3
        assert shipped(backend) == [2, 3]


def test_the_connection_is_back_in_the_pool_while_jobs_are_sent(session: Session, engine: Engine) -> None:
    seen: list[bool] = []
    returned = threading.Event()
    event.listen(engine, "checkin", lambda *_: returned.set())

    class Slow(InMemoryBackend):
        """Looks whether a connection is held meanwhile."""

        def submit(self, manifest: Any) -> Document:
            seen.append(returned.is_set())
            return super().submit(manifest)

    with use_backend(Slow()):
        order(session, 1)
        session.commit()
    assert seen == [True]


def test_a_scoped_session_is_the_session_of_its_scope(engine: Engine, jobs: InMemoryBackend) -> None:
    sessions = scoped_session(sessionmaker(engine))
    OrderJob.ship.on_commit(sessions).later(1)
    with Session(engine) as other, other.begin():
        other.execute(text("INSERT INTO orders VALUES (7)"))
    assert shipped(jobs) == []
    sessions.commit()
    sessions.remove()
    assert shipped(jobs) == [1]


class Threaded(InMemoryBackend):
    """Remembers the threads that submit."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[int] = set()

    def submit(self, manifest: Any) -> Document:
        self.threads.add(threading.get_ident())
        return super().submit(manifest)


async def test_an_async_session_submits_without_blocking_the_loop() -> None:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    with use_backend(Threaded()) as backend:
        assert isinstance(backend, Threaded)
        async with AsyncSession(engine) as session:
            deferred = OrderJob.ship.on_commit(session).later(1)
            await session.execute(text("SELECT 1"))
            assert not deferred.is_submitted
            await session.commit()
            assert deferred.handle.refresh().name == deferred.handle.name
            OrderJob.ship.on_commit(session).later(2)
            await session.rollback()
            async with session.begin_nested():
                OrderJob.ship.on_commit(session).later(3)
            assert shipped(backend) == [1]
            await session.commit()
        assert shipped(backend) == [1, 3]
        assert threading.get_ident() not in backend.threads
    await engine.dispose()


async def test_an_async_scoped_session_and_the_sync_session_within_work_too(jobs: InMemoryBackend) -> None:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    sessions = async_scoped_session(async_sessionmaker(engine), scopefunc=lambda: 1)
    OrderJob.ship.on_commit(sessions).later(1)
    OrderJob.ship.on_commit(sessions().sync_session).later(2)
    await sessions.commit()
    await sessions.remove()
    assert shipped(jobs) == [1, 2]
    await engine.dispose()
