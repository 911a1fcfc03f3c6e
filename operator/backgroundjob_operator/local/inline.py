"""The backend `inline`: jobs run in the thread that submits them, by the real engine on a virtual clock.

Breakpoints, monkeypatches, database transactions and context variables of the caller hold. An hour of
back-off passes in the time that a few decisions take.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from backgroundjob.backends import Change, Document
from backgroundjob.backends.error_lines import only_errors
from backgroundjob.doctor.check import Check, guarded
from backgroundjob.doctor.settings import stored_checks
from backgroundjob.doctor.waiting import JOBS, waiting_checks
from backgroundjob.durations import Duration, exact_seconds
from backgroundjob.errors import NotFound
from backgroundjob.stored_settings import StoredSettings
from backgroundjob.why import Why
from backgroundjob_operator.local.attempt_logs import unavailable
from backgroundjob_operator.local.inline_engine import InlineEngine
from backgroundjob_operator.local.inline_settings import InlineSettings
from backgroundjob_operator.local.objects import Objects
from backgroundjob_operator.local.one_at_a_time import OneAtATime
from backgroundjob_operator.local.secret_files import SecretFiles
from backgroundjob_operator.local.state import LocalOptions
from backgroundjob_operator.local.stored_jobs import StoredJobs, changes_of
from backgroundjob_operator.local.why import planned_why

T = TypeVar("T")


class InlineBackend(StoredJobs):
    """Jobs of this process, in memory.

    Submitting runs what can run before it returns, delays and retries included, so a handle has finished
    when one gets it. A submission from inside a job, or while another thread runs jobs, is run after
    what runs now, by who runs it.
    """

    name: Final = "inline"

    def __init__(
        self,
        *,
        settings: StoredSettings | None = None,
        run_on_submit: bool = True,
        start: datetime | None = None,
    ) -> None:
        """Without `settings`, those of local mode's file and the typed jobs of the process are used.

        Without `run_on_submit`, jobs run in `run_until_idle`, in `advance`, and when one is waited for.
        `start` is the time of the virtual clock; now, without.
        """
        self._settings = InlineSettings(settings)
        self._run_on_submit = run_on_submit
        self.secrets: dict[tuple[str, str], Mapping[str, str]] = {}
        """Values for `paramsFrom` by namespace and Secret; others are looked for in local mode's files."""
        begin = (start or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
        self._engine = InlineEngine(lambda: self._settings.current, begin, self._read_key)
        self._gate = OneAtATime()

    @property
    def objects(self) -> Objects:
        """Those of this process."""
        return self._engine.objects

    @property
    def now(self) -> datetime:
        """The time of the virtual clock."""
        return self._engine.now

    def run_until_idle(self) -> None:
        """Run what is due, and jump over delays and back-offs, until nothing happens unless somebody acts.

        Inside a job it does nothing: what was submitted there runs after it.
        """
        if not self._gate.is_inside:
            self._drive(self._engine.step_or_jump, wait=True)
            self._catch_up()

    def advance(self, duration: Duration) -> None:
        """Move the clock, and run in order what becomes due on the way. `3600`, `"1h"`, a timedelta."""
        if self._gate.is_inside:
            raise RuntimeError("advance() was called inside a job: the clock stands while one runs")
        end = self.now + timedelta(seconds=exact_seconds(duration))
        self._drive(lambda: self._engine.advance_to(end), wait=True)
        if self._run_on_submit:
            self._catch_up()

    def provide(self, cls: type[T], instance: T) -> None:
        """Call methods of this class on this object, instead of making one for each attempt."""
        self._engine.node.provided[cls] = instance

    def submit(self, manifest: Mapping[str, Any]) -> Document:
        """Create the object, or find the one that asks for the same, and run. Raises SubmitError."""
        spec = manifest["spec"]
        self._settings.look_up(f"{spec.get('class')}.{spec.get('method')}")
        return self._after(super().submit(manifest))

    def patch_spec(
        self,
        namespace: str,
        name: str,
        patch: Mapping[str, Any],
        resource_version: str,
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> Document:
        """Patch the spec by the rules of the CRD, and run. Raises NotFound, Conflict, SubmitError."""
        patched = super().patch_spec(namespace, name, patch, resource_version, annotations=annotations)
        return self._after(patched)

    def delete(self, namespace: str, name: str) -> None:
        """Remove the object, and run what waited for it. Raises NotFound."""
        super().delete(namespace, name)
        self._after({})

    def logs(
        self,
        namespace: str,
        name: str,
        *,
        attempt: int | None = None,
        follow: bool = False,
        errors: bool = False,
    ) -> Iterator[str]:
        """Lines of the newest attempt, or of the one named. Raises NotFound, LogsUnavailable."""
        document = self.get(namespace, name)
        found = self._engine.node.logs_of(document["metadata"]["uid"])
        first = attempt or max(found, default=1)
        if follow:
            for change in self.changes(namespace, name):
                document = change.document
            found = self._engine.node.logs_of(document["metadata"]["uid"])
        if first not in found:
            raise unavailable(document, attempt, found)
        shown = [first] if attempt or not follow else [one for one in sorted(found) if one >= first]
        lines = (line for number in shown for line in found[number].lines)
        return only_errors(lines) if errors else lines

    def changes(
        self, namespace: str | None, name: str | None = None, *, timeout_seconds: float | None = None
    ) -> Generator[Change, None, None]:
        """Objects and their changes, which this runs; it ends when nothing changes unless somebody acts.

        Raises NotFound.
        """
        version, seen = 0, set[str]()
        if name is not None:
            namespace = namespace or self.default_namespace
            version = int(self.get(namespace, name)["metadata"]["resourceVersion"]) - 1
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        is_idle = False
        while True:
            found, version = self.objects.changes(version)
            for change in changes_of(found, namespace, name, seen):
                yield change
                if name is not None and change.type == "DELETED":
                    return
            left = None if end is None else end - time.monotonic()
            if is_idle or (left is not None and left <= 0):
                if self._run_on_submit:
                    self._catch_up()
                return
            is_idle = self._gate.is_inside or not self._go_on(left)

    def why(self, namespace: str, name: str) -> Why:
        """Why it does not run yet. Raises NotFound."""
        return planned_why(self.get(namespace, name), self.objects, self._settings.current, self.now)

    def settings(self) -> StoredSettings:
        """Those in use."""
        return self._settings.stored

    def checks(self, namespace: str) -> Iterator[Check]:
        """What `bgjob doctor` says: the settings, and the jobs of the namespace."""
        yield from guarded("settings", lambda: stored_checks(self.settings()))
        yield from guarded(JOBS, lambda: waiting_checks(self.list(namespace), self.now, f"in {namespace}"))

    def _after(self, document: Document) -> Document:
        """The object as it is once everything has run that is to run now."""
        if not self._run_on_submit:
            return document
        self._catch_up()
        if not document:
            return document
        try:
            return self.get(document["metadata"]["namespace"], document["metadata"]["name"])
        except NotFound:  # its time to live was over
            return self._last_of(document)

    def _catch_up(self) -> None:
        """Run what nobody has seen yet. A submission that finds the gate taken relies on it."""
        while self._engine.is_behind and not self._gate.is_inside:
            if not self._drive(self._engine.step_or_jump, wait=False):
                break

    def _last_of(self, document: Document) -> Document:
        """The object as it was when it was deleted."""
        metadata = document["metadata"]
        found, _ = self.objects.changes(int(metadata["resourceVersion"]))
        mine = (one.document for one in found if one.document["metadata"]["uid"] == metadata["uid"])
        return next(mine, document)

    def _drive(self, step: Callable[[], bool], *, wait: bool) -> bool:
        """Step until there is nothing to do. Whether the gate let us."""
        with self._gate.entered(wait=wait) as is_mine:
            while is_mine and step():
                self._gate.tell()
        return is_mine

    def _go_on(self, timeout_seconds: float | None) -> bool:
        """One step, or the next news of who takes them. Whether more can come."""
        with self._gate.entered(wait=False) as is_mine:
            if is_mine:
                return self._engine.step_or_jump()
        self._gate.wait_for_news(timeout_seconds)
        return True

    def _read_key(self, namespace: str, secret: str, key: str) -> bytes:
        values = self.secrets.get((namespace, secret), {})
        if key in values:
            return values[key].encode()
        return SecretFiles(LocalOptions.from_environment().state.secrets).read(namespace, secret, key)
