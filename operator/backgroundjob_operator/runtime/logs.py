"""The operator's own log on stderr: a line per transition, the object first; text or JSON."""

import json
import logging
import sys
import time
from typing import Final, TextIO

_TEXT_FORMAT: Final = "%(asctime)s %(levelname)-7s %(message)s"
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, message, and the exception if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        document = {
            "time": time.strftime(_TIME_FORMAT, time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return printable(json.dumps(document, ensure_ascii=False))


class TextFormatter(logging.Formatter):
    """One line per record; a traceback follows, set in."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines."""
        record.message, record.asctime = record.getMessage(), self.formatTime(record, self.datefmt)
        rows = [printable(self.formatMessage(record))]
        if record.exc_info:
            rows += [f"    {printable(row)}" for row in self.formatException(record.exc_info).splitlines()]
        return "\n".join(rows)


def printable(text: str) -> str:
    """The text on one line: nothing in it can forge another line or move a terminal's cursor."""
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def configure_logs(log_format: str, log_level: str = "info", stream: TextIO = sys.stderr) -> None:
    """Set up the root logger. Raises ValueError for a format or level that does not exist."""
    if log_format not in ("text", "json"):
        raise ValueError(f"BACKGROUNDJOB_LOG_FORMAT is {log_format!r}; use text or json")
    if log_level not in LEVELS:
        raise ValueError(f"BACKGROUNDJOB_LOG_LEVEL is {log_level!r}; use {', '.join(LEVELS)}")
    handler = logging.StreamHandler(stream)
    if log_format == "json":
        handler.setFormatter(JsonFormatter())
    else:
        formatter = TextFormatter(_TEXT_FORMAT, _TIME_FORMAT)
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(LEVELS[log_level])
    # At any level: kopf narrates each handler call, and at debug it prints whole objects, params included.
    logging.getLogger("kopf").setLevel(max(logging.WARNING, LEVELS[log_level]))
