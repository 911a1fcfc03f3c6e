"""One verb for many jobs: pace, reason, bar, failures, Ctrl+C."""

import json
from typing import Any

import pytest

from backgroundjob import BackgroundJobError, NotFound, run_background_job
from backgroundjob.api.labels import LAST_COMMAND_ANNOTATION
from backgroundjob.backends.cluster import ClusterBackend
from backgroundjob.cli import bulk
from backgroundjob.cli.bulk import Pace
from backgroundjob.testing import InMemoryBackend
from command_line import bgjob
from fake_api_server import FakeApiServer


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_rate_of_four_leaves_a_quarter_of_a_second_between_two() -> None:
    clock = Clock()
    pace = Pace(4, clock, clock.sleep)
    for _ in range(3):
        pace.wait()
    assert clock.slept == [0.25, 0.25]


def test_time_that_an_action_takes_counts_and_is_not_made_up_for_by_a_burst() -> None:
    clock = Clock()
    pace = Pace(1, clock, clock.sleep)
    pace.wait()
    clock.now += 0.75
    pace.wait()
    clock.now += 9
    pace.wait()
    pace.wait()
    assert clock.slept == [0.25, 1.0]


def test_without_a_rate_nobody_waits() -> None:
    clock = Clock()
    Pace(None, clock, clock.sleep).wait()
    assert clock.slept == []


def submit(count: int) -> list[str]:
    names = [f"mail-{number:02}" for number in range(count)]
    for name in names:
        run_background_job("EmailJob", "send", name=name)
    return names


def test_the_rate_of_the_command_line_is_kept(jobs: InMemoryBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float | None] = []

    def no_wait(pace: Pace) -> None:
        seen.append(pace.rate)

    monkeypatch.setattr(Pace, "wait", no_wait)
    submit(2)
    bgjob("cancel", "--class", "EmailJob", "--yes", "--rate", "2.5")
    assert seen == [2.5, 2.5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rate", "0"], "--rate needs a number above 0"),
        (["--rate", "inf"], "--rate needs a number above 0"),
        (["--reason", "x" * 257], "--reason has 257 characters; at most 256"),
    ],
)
def test_wrong_values_are_told_before_anything_is_done(
    jobs: InMemoryBackend, arguments: list[str], message: str
) -> None:
    submit(1)
    answer = bgjob("cancel", "mail-00", *arguments)
    assert answer.code == 2
    assert message in answer.err_text
    assert "cancel" not in jobs.get("default", "mail-00")["spec"]


def test_the_reason_is_stored_with_the_job_and_shown(jobs: InMemoryBackend) -> None:
    submit(1)
    bgjob("suspend", "mail-00", "--reason", "mail server moves")
    document = jobs.get("default", "mail-00")
    told = json.loads(document["metadata"]["annotations"][LAST_COMMAND_ANNOTATION])
    assert (told["verb"], told["reason"]) == ("suspend", "mail server moves")
    lines = bgjob("describe", "mail-00").out.splitlines()
    (line,) = [line for line in lines if line.startswith("Last command:")]
    assert line.startswith(f"Last command: suspend {told['time']} (")
    assert line.endswith("ago): mail server moves")


@pytest.mark.parametrize("text", ["not json", "[1]", '{"verb": "cancel"}', "7", "[" * 5000, "\x1b[2J"])
def test_what_somebody_else_wrote_there_breaks_nothing(jobs: InMemoryBackend, text: str) -> None:
    submit(1)
    version = jobs.get("default", "mail-00")["metadata"]["resourceVersion"]
    jobs.patch_spec("default", "mail-00", {}, version, annotations={LAST_COMMAND_ANNOTATION: text})
    answer = bgjob("describe", "mail-00")
    assert answer.code == 0
    assert "\x1b" not in answer.out


def test_what_changes_nothing_stores_no_reason(jobs: InMemoryBackend) -> None:
    submit(1)
    bgjob("resume", "mail-00", "--reason", "why not")
    assert "annotations" not in jobs.get("default", "mail-00")["metadata"]


def test_reason_and_change_are_one_write(api: FakeApiServer, cluster: ClusterBackend) -> None:
    path = "/apis/backgroundjob.dev/v1alpha1/namespaces/shop/backgroundjobs/mine"
    api.answer("PATCH", path, {"kind": "BackgroundJob"})
    cluster.patch_spec("shop", "mine", {"cancel": True}, "7", annotations={"a": "b"})
    assert api.requests[0][2] == {
        "metadata": {"resourceVersion": "7", "annotations": {"a": "b"}},
        "spec": {"cancel": True},
    }


def test_delete_leaves_the_reason_to_whoever_watches(
    jobs: InMemoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    remove = jobs.delete

    def watched(namespace: str, name: str) -> None:
        seen.append(jobs.get(namespace, name)["metadata"]["annotations"])
        remove(namespace, name)

    monkeypatch.setattr(jobs, "delete", watched)
    submit(1)
    assert bgjob("delete", "mail-00", "--reason", "sent twice").out == "mail-00 deleted\n"
    assert "sent twice" in seen[0][LAST_COMMAND_ANNOTATION]


def test_failures_are_listed_at_the_end_and_the_first_is_the_exit_code(jobs: InMemoryBackend) -> None:
    submit(3)
    jobs.fail("mail-01")
    answer = bgjob("cancel", "mail-00", "mail-01", "none", "mail-02", "--yes")
    assert answer.code == 4
    assert answer.out == "mail-00 cancel requested\nmail-02 cancel requested\n"
    assert [line for line in answer.err.splitlines() if not line.startswith("  ")] == [
        "2 of 4 jobs failed:",
        "Error: default/mail-01 is Failed: there is nothing to cancel",
        "Error: BackgroundJob default/none not found",
    ]


def test_ctrl_c_says_how_many_were_done_and_loses_no_error(
    jobs: InMemoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(4)
    remove = jobs.delete

    def interrupted(namespace: str, name: str) -> None:
        if name == "mail-01":
            raise NotFound(namespace, name)
        if name == "mail-02":
            raise KeyboardInterrupt
        remove(namespace, name)

    monkeypatch.setattr(jobs, "delete", interrupted)
    answer = bgjob("delete", "--class", "EmailJob", "--yes")
    assert answer.code == 130
    assert answer.err.splitlines() == [
        "1 of 4 jobs failed:",
        "Error: BackgroundJob default/mail-01 not found",
        "  list them with: bgjob list --all-namespaces",
        "Error: interrupted: 2 of 4 jobs done, 2 left",
        "  the same command goes on with the rest",
    ]


@pytest.mark.parametrize(
    ("count", "is_terminal", "is_drawn"), [(20, True, True), (19, True, False), (20, False, False)]
)
def test_a_bar_is_drawn_on_a_terminal_for_twenty_jobs_or_more(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    count: int,
    is_terminal: bool,
    is_drawn: bool,
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    monkeypatch.setenv("TERM", "xterm")
    bulk.perform([("shop", f"mail-{number}") for number in range(count)], lambda _: "done", Pace(None))
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == count
    assert ("100%" in shown.err) is is_drawn


def test_one_failure_of_one_job_is_not_counted(jobs: InMemoryBackend) -> None:
    assert bgjob("cancel", "none").err.startswith("Error: BackgroundJob default/none not found\n")
    assert issubclass(NotFound, BackgroundJobError)
