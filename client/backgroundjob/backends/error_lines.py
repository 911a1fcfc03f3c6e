"""The error lines of a job's log: the runner's own, in both of its formats, and tracebacks of user code."""

import json
import re
from collections.abc import Iterable, Iterator

_RUNNER_ERROR = re.compile(r"\S+Z (FAILED|TIMEOUT|TERMINATED) ")
_LEVEL = re.compile(r"\b(ERROR|CRITICAL|FATAL)\b")
_TRACEBACK = "Traceback (most recent call last):"


def only_errors(lines: Iterable[str]) -> Iterator[str]:
    """Lines at level error or above, each with the indented lines that belong to it, and whole tracebacks."""
    in_error = in_traceback = False
    for line in lines:
        belongs = line[:1] in {" ", "\t"} or (in_traceback and not line)
        if in_error and belongs:
            yield line
        elif _TRACEBACK in line or _is_error(line):
            in_error, in_traceback = True, line.startswith(_TRACEBACK)
            yield line
        elif in_traceback:
            in_error = in_traceback = False
            yield line  # the exception itself ends its traceback
        else:
            in_error = False


def _is_error(line: str) -> bool:
    if line.startswith("{"):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            return False
        return str(document.get("level", "")).lower() in {"error", "critical", "fatal"}
    return bool(_RUNNER_ERROR.match(line) or _LEVEL.search(line))
