"""The operator's own log: text or JSON, one line per record."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from backgroundjob_operator.runtime.logs import configure_logs


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root, kopf = logging.getLogger(), logging.getLogger("kopf")
    before = root.handlers, root.level, kopf.level
    yield
    root.handlers, root.level, kopf.level = before


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_text_is_time_level_and_message(stream: io.StringIO) -> None:
    configure_logs("text", stream=stream)

    logging.getLogger("any").warning("%s Queued→Running", "shop/mail")

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ WARNING shop/mail Queued→Running\n", stream.getvalue()
    )


def test_json_is_one_object_per_line(stream: io.StringIO) -> None:
    configure_logs("json", stream=stream)

    logging.getLogger("backgroundjob_operator.x").info("shop/mail →\nRunning")
    logging.getLogger("b").error("second")

    first, second = map(json.loads, stream.getvalue().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first.pop("time"))
    assert first == {
        "level": "info",
        "logger": "backgroundjob_operator.x",
        "message": "shop/mail →\nRunning",
    }
    assert second["level"] == "error"


def test_json_holds_the_exception_in_the_same_line(stream: io.StringIO) -> None:
    configure_logs("json", stream=stream)

    logging.getLogger("a").error("failed", exc_info=ValueError("broken"))

    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert line["message"] == "failed"
    assert line["exception"].endswith("ValueError: broken")


def test_debug_and_the_frameworks_narration_stay_out(stream: io.StringIO) -> None:
    configure_logs("text", stream=stream)

    logging.getLogger("a").debug("details")
    logging.getLogger("kopf.objects").info("Handler 'x' succeeded")

    assert stream.getvalue() == ""


def test_another_format_is_refused_by_the_name_of_its_variable() -> None:
    with pytest.raises(ValueError, match="BACKGROUNDJOB_LOG_FORMAT is 'xml'; use text or json"):
        configure_logs("xml")


def test_the_level_chooses_what_is_told_and_kopf_stays_at_warnings(stream: io.StringIO) -> None:
    configure_logs("text", "debug", stream)

    logging.getLogger("any").debug("looked")
    logging.getLogger("kopf.x").info("the whole object, params included")

    assert [line.split(" ", 1)[1] for line in stream.getvalue().splitlines()] == ["DEBUG   looked"]


def test_a_level_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        ValueError, match="BACKGROUNDJOB_LOG_LEVEL is 'loud'; use debug, info, warning, error"
    ):
        configure_logs("text", "loud")
