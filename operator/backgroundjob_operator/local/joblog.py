"""background_jobs.log and background_jobs_errors.log: the lines of all jobs in one place.

Attempts write to files of their own. Their lines are copied here as they come; what no runner can tell
(a wait, a retry, a refusal, the last failure) the engine adds in the runner's form.
"""

import json
import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from backgroundjob.api.reasons import UNSUCCESSFUL_STATES, State
from backgroundjob.backends.error_lines import only_errors
from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.local.state import StateDirectory
from backgroundjob_runner.contract import LOG_FORMAT_VARIABLE

COPY_LIMIT_BYTES: Final = 1 << 20
"""Of one attempt: a job that prints without end fills its own file alone."""
_COPIED: Final = "copied"
_TOLD_BY_THE_RUNNER: Final = frozenset({State.RUNNING, State.SUCCEEDED})


class JobLog:
    """Appends to both files. A failure to write is the engine's: it ends it."""

    def __init__(self, state: StateDirectory, clock: Callable[[], datetime]) -> None:
        self._state = state
        self._clock = clock

    def transition(self, document: Document) -> None:
        """Tell a change of state that no runner tells."""
        state = document["status"]["state"]
        if state in _TOLD_BY_THE_RUNNER:
            return
        line = self._json_line(document) if _wants_json() else self._text_line(document)
        self._append(self._state.job_log, [line])
        if state in UNSUCCESSFUL_STATES:
            self._append(self._state.error_log, [line])

    def copy(self, log: Path, folder: Path, *, is_over: bool = False) -> None:
        """Copy the lines that an attempt has written since; its errors when it is over.

        How far it came is kept in the attempt's folder, for the next engine.
        """
        mark = folder / _COPIED
        position = int(mark.read_text()) if mark.exists() else 0
        data = _read(log, position, COPY_LIMIT_BYTES - position)
        if not is_over:
            data = data[: data.rfind(b"\n") + 1]
        if data:
            self._append(self._state.job_log, _lines(data))
            mark.write_text(str(position + len(data)))
        if not is_over:
            return
        if log.exists() and log.stat().st_size > COPY_LIMIT_BYTES:
            self._append(self._state.job_log, [f"... the rest is in {log}"])
        self._append(self._state.error_log, only_errors(_lines(_read(log, 0, COPY_LIMIT_BYTES))))

    def _append(self, path: Path, lines: Iterable[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        if text:
            with path.open("ab") as file:
                file.write(text.encode("utf-8", "backslashreplace"))

    def _text_line(self, document: Document) -> str:
        metadata, spec, status = document["metadata"], document["spec"], document["status"]
        head = f"{self._timestamp()} {status['state'].upper()} {spec['class']}.{spec['method']}"
        tail = f"reason={status['reason']} - {status.get('message', '')}"
        return " ".join(f"{head} job={metadata['namespace']}/{metadata['name']} {tail}".splitlines())

    def _json_line(self, document: Document) -> str:
        metadata, spec, status = document["metadata"], document["spec"], document["status"]
        line: dict[str, Any] = {
            "time": self._timestamp(),
            "level": "error" if status["state"] in UNSUCCESSFUL_STATES else "info",
            "stage": status["state"].upper(),
            "class": spec["class"],
            "method": spec["method"],
            "job": f"{metadata['namespace']}/{metadata['name']}",
            "reason": status["reason"],
            "message": status.get("message", ""),
        }
        return json.dumps(line, separators=(",", ":"))

    def _timestamp(self) -> str:
        return self._clock().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _wants_json() -> bool:
    return os.environ.get(LOG_FORMAT_VARIABLE) == "json"


def _read(path: Path, position: int, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(position)
            return file.read(max(limit, 0))
    except FileNotFoundError:
        return b""


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").splitlines()
