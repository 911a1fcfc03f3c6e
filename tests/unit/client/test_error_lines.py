"""What `--errors` leaves of a log."""

from backgroundjob.backends.error_lines import only_errors

TEXT = """\
2026-03-01T12:00:00.000Z RUNNING EmailJob.send job=shop/mail params={}
connecting
WARNING:mail:slow
ERROR:mail:refused
Traceback (most recent call last):
  File "mail.py", line 3, in send
    connect()

ConnectionError: refused
trying again
2026-03-01T12:00:01.000Z FAILED attempt 1 EmailJob.send job=shop/mail params={} - OSError: busy
    Traceback (most recent call last):
      File "mail.py", line 9, in send
    OSError: busy
2026-03-01T12:00:02.000Z SUCCEEDED EmailJob.send job=shop/mail params={}"""


def test_text_lines_leave_errors_and_tracebacks() -> None:
    kept = list(only_errors(TEXT.splitlines()))
    assert [line.split()[0] for line in kept if line and line[0] != " "] == [
        "ERROR:mail:refused",
        "Traceback",
        "ConnectionError:",
        "2026-03-01T12:00:01.000Z",
    ]
    assert kept[-1] == "    OSError: busy"


def test_json_lines_are_chosen_by_their_level() -> None:
    lines = [
        '{"level":"info","message":"ERROR"}',
        '{"level":"error","stage":"FAILED"}',
        '{"level":"Critical"}',
        "{x",
    ]
    assert list(only_errors(lines)) == lines[1:3]


def test_an_indented_line_after_an_ordinary_one_is_ordinary() -> None:
    assert list(only_errors(["ERROR x", "  more", "fine", "  not more"])) == ["ERROR x", "  more"]
