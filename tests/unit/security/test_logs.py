"""SEC-21: what somebody else wrote cannot forge a line of the operator's log or move a terminal's cursor."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from backgroundjob_operator.runtime.logs import configure_logs

PAYLOADS = [
    'mail"}\n{"level":"error","message":"forged"}',
    "mail\r\n2026-01-01T00:00:00Z ERROR forged",
    "\x1b[2J\x1b[31mred",
    "a\u2028b\x85c\x0bd\x0ce",
    "\x00\x07\x08",
]


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    root.handlers, root.level = before


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_sec_21_a_record_is_one_printable_line(payload: str, log_format: str) -> None:
    stream = io.StringIO()
    configure_logs(log_format, stream=stream)
    logging.getLogger("any").warning("shop/%s Refused: %s", payload, payload)
    [line] = stream.getvalue().splitlines()
    assert line.isprintable()
    if log_format == "json":
        assert json.loads(line)["message"] == f"shop/{payload} Refused: {payload}"


def test_sec_21_the_message_of_an_exception_is_told_on_lines_of_its_own_set_in() -> None:
    stream = io.StringIO()
    configure_logs("text", stream=stream)
    forged = ValueError("first\n2026-01-01T00:00:00Z ERROR forged")
    logging.getLogger("any").error("broken", exc_info=forged)
    first, *others = stream.getvalue().splitlines()
    assert first.endswith("broken")
    assert [line for line in others if not line.startswith(" ")] == []
