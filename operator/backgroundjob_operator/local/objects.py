"""Objects in SQLite, with the rules of the API server that the engine builds on.

Documents have the API's shape. Every write takes the next number of one counter as resourceVersion, so
`changes` can tell what was written since. Several processes share the file; one connection serves all
threads of a process.
"""

import json
import sqlite3
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from backgroundjob_operator.cluster.port import AlreadyExists, Conflict, Document, NotFound
from backgroundjob_operator.engine.observation_pod import TERMINAL_PHASES
from backgroundjob_operator.engine.record import format_time
from backgroundjob_operator.engine.store import EventType
from backgroundjob_operator.local.merge_patch import merged

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS counter (version INTEGER NOT NULL);
INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counter);
CREATE TABLE IF NOT EXISTS objects (
    uid TEXT PRIMARY KEY, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    owner_uid TEXT, version INTEGER NOT NULL, document TEXT NOT NULL, UNIQUE (kind, namespace, name));
CREATE INDEX IF NOT EXISTS objects_by_version ON objects (version);
CREATE INDEX IF NOT EXISTS objects_by_owner ON objects (owner_uid);
CREATE TABLE IF NOT EXISTS deletions (
    version INTEGER PRIMARY KEY, kind TEXT NOT NULL, document TEXT NOT NULL);
"""
_BUSY_SECONDS: Final = 10.0
"""Writes of other processes take milliseconds; a debugger may hold one for longer."""


@dataclass(frozen=True, slots=True)
class Change:
    """The latest version of an object that was written, or its last before it was deleted."""

    type: EventType
    kind: str
    document: Document


class Objects:
    """The API server's part, in a file or `:memory:`. Raises the port's errors."""

    def __init__(
        self,
        path: Path | str,
        clock: Callable[[], datetime],
        new_uid: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._clock = clock
        self._new_uid = new_uid
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._close = weakref.finalize(self, self._db.close)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        with self._writing():
            for statement in filter(str.strip, _SCHEMA.split(";")):
                self._db.execute(statement)

    def close(self) -> None:
        """Close the file; forgetting the object closes it too."""
        with self._lock:
            self._close()

    def create(
        self, document: Mapping[str, Any], child: Callable[[Document], Document] | None = None
    ) -> Document:
        """Store a new object, and with it the `child` that is made from what was stored.

        Raises AlreadyExists.
        """
        with self._writing():
            stored = self._insert(document)
            if child is not None:
                self._insert(child(stored))
            return stored

    def get(self, kind: str, namespace: str, name: str) -> Document:
        """One object. Raises NotFound."""
        with self._lock:
            return self._read(kind, namespace, name)

    def list(self, kind: str, namespace: str | None = None) -> tuple[Document, ...]:
        """All objects of a kind in the order of their last write; of every namespace for None."""
        query = "SELECT document FROM objects WHERE kind = ? AND namespace = coalesce(?, namespace)"
        with self._lock:
            rows = self._db.execute(f"{query} ORDER BY version", (kind, namespace))
            return tuple(json.loads(text) for (text,) in rows)

    def patch(
        self, kind: str, namespace: str, name: str, patch: Mapping[str, Any], version: str | None = None
    ) -> Document:
        """Merge-patch one object; a changed spec is a new generation. Raises NotFound, Conflict."""
        with self._writing():
            before = self._read(kind, namespace, name)
            if version is not None and before["metadata"]["resourceVersion"] != version:
                raise Conflict(f"{kind} {namespace}/{name} was written since version {version}")
            after = merged(before, patch)
            if after.get("spec") != before.get("spec"):
                after["metadata"]["generation"] = before["metadata"]["generation"] + 1
            return self._update(after)

    def modify(self, changes: Mapping[str, Callable[[Document], Document]]) -> None:
        """Replace objects, by uid, with what the functions make of them, at once; a missing one is left."""
        with self._writing():
            for uid, change in changes.items():
                row = self._db.execute("SELECT document FROM objects WHERE uid = ?", (uid,)).fetchone()
                if row is not None:
                    self._update(change(json.loads(row[0])))

    def delete(self, kind: str, namespace: str, name: str, uid: str | None = None) -> None:
        """Delete an object and what it owns; a pod that runs is marked and goes when it has ended.

        Raises NotFound, and Conflict when the object of that name has another uid.
        """
        with self._writing():
            document = self._read(kind, namespace, name)
            if uid not in (None, document["metadata"]["uid"]):
                raise Conflict(f"{kind} {namespace}/{name} is another object of that name")
            self._delete_tree(document)

    def remove(self, uid: str) -> None:
        """Delete exactly this object, whatever state it is in; nothing when it is gone."""
        with self._writing():
            row = self._db.execute("SELECT document FROM objects WHERE uid = ?", (uid,)).fetchone()
            if row is not None:
                self._remove(json.loads(row[0]))

    def changes(self, after: int) -> tuple[tuple[Change, ...], int]:
        """What was written since version `after`, in order, and the version to go on from."""
        with self._lock:
            (version,) = self._db.execute("SELECT version FROM counter").fetchone()
            if version == after:
                return (), after
            written = self._db.execute(
                "SELECT version, 'MODIFIED', kind, document FROM objects WHERE version > ? AND version <= ?"
                " UNION ALL SELECT version, 'DELETED', kind, document FROM deletions"
                " WHERE version > ? AND version <= ? ORDER BY 1",
                (after, version, after, version),
            )
            found = tuple(Change(type_, kind, json.loads(text)) for _, type_, kind, text in written)
        return found, version

    @property
    def version(self) -> int:
        """The version of the latest write."""
        with self._lock:
            return int(self._db.execute("SELECT version FROM counter").fetchone()[0])

    def forget_deletions(self, up_to: int) -> None:
        """Drop deletions that nobody needs to be told any more."""
        with self._writing():
            self._db.execute("DELETE FROM deletions WHERE version <= ?", (up_to,))

    def foreign_writes(self) -> int:
        """A number that changes when another connection has written."""
        with self._lock:
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _next_version(self) -> int:
        self._db.execute("UPDATE counter SET version = version + 1")
        return int(self._db.execute("SELECT version FROM counter").fetchone()[0])

    def _read(self, kind: str, namespace: str, name: str) -> Document:
        row = self._db.execute(
            "SELECT document FROM objects WHERE kind = ? AND namespace = ? AND name = ?",
            (kind, namespace, name),
        ).fetchone()
        if row is None:
            raise NotFound(f"{kind} {namespace}/{name} does not exist")
        document: Document = json.loads(row[0])
        return document

    def _insert(self, document: Mapping[str, Any]) -> Document:
        version = self._next_version()
        given: Document = json.loads(json.dumps(document))
        metadata = given["metadata"]
        given["metadata"] = metadata | {
            "uid": self._new_uid(),
            "resourceVersion": str(version),
            "generation": 1,
            "creationTimestamp": format_time(self._clock()),
        }
        row = (given["metadata"]["uid"], given["kind"], metadata["namespace"], metadata["name"])
        try:
            self._db.execute(
                "INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*row, _owner_uid(given), version, json.dumps(given)),
            )
        except sqlite3.IntegrityError as error:
            raise AlreadyExists(f"{row[1]} {row[2]}/{row[3]} exists") from error
        return given

    def _update(self, document: Document) -> Document:
        version = self._next_version()
        document["metadata"]["resourceVersion"] = str(version)
        self._db.execute(
            "UPDATE objects SET version = ?, document = ? WHERE uid = ?",
            (version, json.dumps(document), document["metadata"]["uid"]),
        )
        return document

    def _delete_tree(self, document: Document) -> None:
        if document["kind"] == "Pod" and document["status"]["phase"] not in TERMINAL_PHASES:
            if "deletionTimestamp" not in document["metadata"]:
                grace = timedelta(seconds=document["spec"]["terminationGracePeriodSeconds"])
                document["metadata"]["deletionTimestamp"] = format_time(self._clock() + grace)
                self._update(document)
            return
        self._remove(document)
        owned = self._db.execute(
            "SELECT document FROM objects WHERE owner_uid = ?", (document["metadata"]["uid"],)
        ).fetchall()
        for (text,) in owned:
            self._delete_tree(json.loads(text))

    def _remove(self, document: Document) -> None:
        version = self._next_version()
        document["metadata"]["resourceVersion"] = str(version)
        self._db.execute("DELETE FROM objects WHERE uid = ?", (document["metadata"]["uid"],))
        self._db.execute(
            "INSERT INTO deletions VALUES (?, ?, ?)", (version, document["kind"], json.dumps(document))
        )


def _owner_uid(document: Document) -> str | None:
    references = document["metadata"].get("ownerReferences") or ()
    about = document.get("involvedObject") or {}
    return next((str(one["uid"]) for one in references if one.get("controller")), about.get("uid"))
