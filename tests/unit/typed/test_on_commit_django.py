"""Jobs that are submitted when Django's transaction commits: real transactions, in SQLite."""

import sys
import unittest
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import empty, settings
from django.db import connections, transaction

from backgroundjob import BackendUnavailable, InvalidParams, JobClass, NotCommitted, NotInstalled, job
from backgroundjob.backends import Document
from backgroundjob.testing import InMemoryBackend, use_backend


class OrderJob(JobClass):
    """Needs the row of its order."""

    @job
    def ship(self, number: int) -> None:
        """Ship it."""


@pytest.fixture(scope="module", autouse=True)
def django(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two databases, and afterwards a Django without settings again."""
    folder = tmp_path_factory.mktemp("django")
    sqlite = "django.db.backends.sqlite3"
    names = ("default", "archive")
    apps.ready = True  # it has none
    settings.configure(DATABASES={one: {"ENGINE": sqlite, "NAME": str(folder / one)} for one in names})
    for one in names:
        connections[one].cursor().execute("CREATE TABLE orders (number INTEGER)")
    yield
    for one in names:
        connections[one].close()
        del connections[one]
    del connections.settings
    settings._wrapped, apps.ready = empty, False


def order(number: int, alias: str | None = None) -> Any:
    """A row, and the job that needs it."""
    connections[alias or "default"].cursor().execute("INSERT INTO orders VALUES (%s)", [number])
    return OrderJob.ship.on_commit(alias).later(number)


def shipped(jobs: InMemoryBackend) -> list[int]:
    return [params["number"] for _, params in jobs.calls()]


class Stop(Exception):
    """Rolls back."""


def stop(_: object) -> None:
    raise Stop


def test_the_job_is_submitted_once_after_the_commit(jobs: InMemoryBackend) -> None:
    with transaction.atomic():
        deferred = order(1)
        order(2)
        with pytest.raises(NotCommitted, match=r"OrderJob\.ship is not submitted"):
            _ = deferred.handle
        assert shipped(jobs) == []
    assert shipped(jobs) == [1, 2]
    assert deferred.handle.refresh().name == deferred.handle.name
    with transaction.atomic():
        pass
    assert shipped(jobs) == [1, 2]


def test_outside_of_a_transaction_it_is_submitted_at_once(jobs: InMemoryBackend) -> None:
    assert order(1).is_submitted
    assert shipped(jobs) == [1]


def test_a_rollback_submits_nothing_then_or_later(jobs: InMemoryBackend) -> None:
    with pytest.raises(Stop), transaction.atomic():
        stop(deferred := order(1))
    with transaction.atomic():
        order(2)
    assert (shipped(jobs), deferred.is_submitted) == ([2], False)


def test_a_savepoint_waits_for_the_commit_and_takes_its_jobs_with_it_when_rolled_back(
    jobs: InMemoryBackend,
) -> None:
    with transaction.atomic():
        order(1)
        with transaction.atomic():
            order(2)
        with pytest.raises(Stop), transaction.atomic():
            stop(order(3))
        assert shipped(jobs) == []
    assert shipped(jobs) == [1, 2]


def test_an_alias_is_the_transaction_of_that_database(jobs: InMemoryBackend) -> None:
    with transaction.atomic(using="archive"):
        with transaction.atomic():
            order(1, "archive")
        assert shipped(jobs) == []
    assert shipped(jobs) == [1]


def test_arguments_are_checked_at_once(jobs: InMemoryBackend) -> None:
    with transaction.atomic(), pytest.raises(InvalidParams, match=r"params\.number"):
        OrderJob.ship.on_commit().later("1")  # type: ignore[arg-type]  # the point
    assert jobs.calls() == []


def test_a_job_that_cannot_be_sent_is_told_after_the_commit() -> None:
    class Unreachable(InMemoryBackend):
        """Never answers."""

        def submit(self, manifest: Any) -> Document:
            raise BackendUnavailable("the API server", "does not answer")

    with use_backend(Unreachable()), pytest.raises(BackendUnavailable), transaction.atomic():
        order(77)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM orders WHERE number = 77")
        assert cursor.fetchone() == (1,)


def test_the_test_case_of_django_captures_it(jobs: InMemoryBackend) -> None:
    from django.test import TestCase  # noqa: PLC0415  it reads the settings

    class Signup(TestCase):  # type: ignore[misc]  # Django has no types
        def runTest(self) -> None:  # noqa: N802  unittest's name
            with self.captureOnCommitCallbacks() as callbacks:
                order(1)
            self.assertEqual((len(callbacks), jobs.calls()), (1, []))  # noqa: PT009  unittest's way
            with self.captureOnCommitCallbacks(execute=True):
                order(2)
            self.assertEqual(shipped(jobs), [2])  # noqa: PT009  unittest's way

    result = unittest.TestResult()
    unittest.TestSuite([Signup()]).run(result)
    assert (result.testsRun, result.errors, result.failures) == (1, [], [])
    assert shipped(jobs) == [2]


def test_without_django_it_says_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "django.db", None)
    with pytest.raises(NotInstalled, match=r"for SQLAlchemy give the session: on_commit\(session\)"):
        OrderJob.ship.on_commit().later(1)
