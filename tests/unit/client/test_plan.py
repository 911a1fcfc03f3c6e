"""`bgjob plan`: every attempt before anything runs, and who decided."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from backgroundjob.backends import use_backend
from backgroundjob.cli import plan as plan_module
from backgroundjob.stored_settings import StoredSettings
from backgroundjob.testing import InMemoryBackend
from command_line import Answer, bgjob

ALLOW_LIST = {
    "EmailJob.send": {
        "target": "jobs.email:EmailJob.send",
        "namespaces": ["default"],
        "defaults": {"timeoutSeconds": 300, "retry": {"maxAttempts": 3, "jitterPercent": 0}},
        "limits": {"maxAttempts": 50},
    },
    "Broken.run": {"parms": {}},
}
CONFIG = {
    "profiles": {"default": {"image": "runner:1"}},
    "defaults": {"queue": "slow"},
    "priorities": {"urgent": 500},
}
NOT_READABLE = ("ConfigMap a cannot be read", "ConfigMap b cannot be read")


def texts(documents: dict[str, Any]) -> dict[str, str]:
    return {key: yaml.safe_dump(document) for key, document in documents.items()}


def backend(**status: Any) -> InMemoryBackend:
    """With the settings above; with status, the job `mail` exists since 12:00:00."""
    settings = StoredSettings(allow_list=texts(ALLOW_LIST), config=texts(CONFIG))
    made = InMemoryBackend(settings=settings, now=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
    if status:
        with use_backend(made):
            bgjob("run", "EmailJob.send", "--name", "mail", "--delay", "30", *status.pop("options", ()))
        document = made.get("default", "mail")
        made._store(document | {"status": status})
    return made


def plan(*arguments: str, of: InMemoryBackend | None = None) -> Answer:
    with use_backend(of or backend()):
        return bgjob("plan", *arguments)


def table(answer: Answer) -> list[list[str]]:
    """The rows of attempts, split at wide gaps."""
    assert answer.code == 0, answer.err
    lines = answer.out.split("\n\n")[1].splitlines()[1:]
    return [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in lines]


@pytest.fixture(autouse=True)
def _ten_past_twelve(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls(2026, 3, 1, 12, 10, tzinfo=tz)

    monkeypatch.setattr(plan_module, "datetime", Clock)


def test_a_plan_shows_times_totals_and_who_decided() -> None:
    assert plan("EmailJob.send", "to=a", "--delay", "1m").out.splitlines() == [
        "EmailJob.send: at most 3 attempts, 30s of waiting in between if each fails",
        "",
        "ATTEMPT   WAITS BEFORE   WAITED IN ALL   STARTS AT THE EARLIEST",
        "1         -              0s              after 1m",
        "2         10s            10s             after 1m10s",
        "3         20s            30s             after 1m30s",
        "",
        # 3 * 300 s + 30 s
        "Each attempt may run for 5m; with these waits all is over 15m30s after the first start.",
        "An attempt that runs longer, or waits for a limit, moves the later ones by as much.",
        "RetryLater(seconds) raised by the code replaces the wait; Fatal ends all.",
        "Ends that are not the job's fault use up none: up to 10, tried again after 10s doubling to 10m.",
        "",
        "SETTING                   VALUE         FROM",
        "retry.maxAttempts         3             allow-list entry",
        "retry.backoff             Exponential   default",
        "retry.delaySeconds        10s           default",
        "retry.maxDelaySeconds     10m           default",
        "retry.jitterPercent       ±0 %          allow-list entry",
        "retry.maxDisruptions      10            default",
        "timeoutSeconds            5m            allow-list entry",
        "deadlineSeconds           none          default",
        "ttlSecondsAfterFinished   7d            default",
        "priority                  0             default",
        "queue                     slow          configuration",
    ]


def test_options_are_those_of_run_and_belong_to_the_object() -> None:
    answer = plan("EmailJob.send", "--retries", "1", "--priority", "urgent", "--fail-on", "KeyError")
    settings = answer.out.split("\n\n")[-1]
    rows = [" ".join(line.split()) for line in settings.splitlines()]
    assert "retry.maxAttempts 2 object" in rows
    assert "priority urgent (500) object" in rows
    assert "retry.failOn KeyError object" in rows


def test_attempts_after_the_deadline_never_start() -> None:
    rows = table(plan("EmailJob.send", "--deadline", "30s"))
    assert [row[-1] for row in rows] == ["at once", "after 10s", "never: after the deadline"]  # 10 + 20 = 30


def test_a_start_time_counts_from_now() -> None:
    rows = table(plan("EmailJob.send", "--retries", "1", "--run-at", "2026-03-01T12:15:00"))
    assert [row[-1] for row in rows] == ["after 5m", "after 5m10s"]


def test_a_long_plan_is_cut_in_the_middle() -> None:
    rows = table(plan("EmailJob.send", "--retries", "49"))
    assert len(rows) == 24
    assert rows[20] == ["…", "27 more", "-", "-"]
    assert rows[-1][0] == "50"


def test_a_job_that_exists_is_planned_from_where_it_stands() -> None:
    waiting = backend(state="Waiting", attemptCount=0)
    assert [row[-1] for row in table(plan("mail", of=waiting))] == [
        "2026-03-01T12:10:00Z (now)",
        "2026-03-01T12:10:10Z (in 10s)",
        "2026-03-01T12:10:30Z (in 30s)",
    ]
    retrying = backend(state="Retrying", attemptCount=1, nextRetryTime="2026-03-01T12:10:05Z")
    assert table(plan("mail", of=retrying)) == [
        ["2", "10s", "10s", "2026-03-01T12:10:05Z (in 5s)"],
        ["3", "20s", "30s", "2026-03-01T12:10:25Z (in 25s)"],
    ]
    assert "1 of them are used up" not in plan("mail", of=retrying).out
    assert "1 of them is used up." in plan("mail", of=retrying).out


def test_a_running_attempt_is_named_and_the_next_counts_from_now() -> None:
    running = backend(state="Running", attemptCount=1)
    answer = plan("mail", of=running)
    assert "Attempt 2 runs now; the times hold if it fails at this moment." in answer.out
    assert [row[-1] for row in table(answer)] == ["runs now", "2026-03-01T12:10:20Z (in 20s)"]


def test_an_ended_job_shows_what_a_retry_would_do() -> None:
    answer = plan("mail", of=backend(state="Failed", attemptCount=3))
    assert "It has ended (Failed). This is what would follow: bgjob retry mail" in answer.out
    assert [row[-1] for row in table(answer)] == ["at once", "after 10s", "after 30s"]


def test_the_deadline_of_a_job_that_exists_is_a_time() -> None:
    answer = plan("mail", of=backend(state="Waiting", options=("--deadline", "615")))
    assert "Its deadline is 2026-03-01T12:10:15Z." in answer.out
    assert table(answer)[-1][-1] == "never: after the deadline"


def test_what_holds_it_back_besides_time_is_said() -> None:
    head = plan("EmailJob.send", "--suspend", "--depends-on", "a", "--depends-on", "b:Finished").out
    assert head.splitlines()[1:3] == [
        "It is suspended: nothing starts until bgjob resume",
        "It waits for a (Succeeded), b (Finished) first.",
    ]
    waiting = backend(state="Waiting", options=("--suspend",))
    assert "nothing starts until bgjob resume mail\n" in plan("mail", of=waiting).out


def test_a_plan_for_programs_is_in_seconds() -> None:
    document = json.loads(plan("EmailJob.send", "-o", "json").out)
    assert document["attempts"][1] == {
        "number": 2,
        "delaySeconds": {"earliest": 10.0, "latest": 10.0},
        "startsAfterSeconds": {"earliest": 10.0, "latest": 10.0},
        "earliestStartTime": None,
        "afterDeadline": False,
    }
    assert document["settings"]["queue"] == {"value": "slow", "from": "configuration"}


def test_without_permission_it_plans_with_defaults_and_says_what_is_missing() -> None:
    unreadable = InMemoryBackend(settings=StoredSettings(missing=NOT_READABLE))
    answer = plan("EmailJob.send", "--priority", "urgent", of=unreadable)
    assert answer.err.splitlines() == [
        "  ConfigMap a cannot be read",
        "  ConfigMap b cannot be read",
        "  Planned without it: what it would decide is the contract's default here.",
    ]
    assert table(answer)[1] == ["2", "8s to 12s", "8s to 12s", "after 8s to 12s"]
    assert "urgent (its number is configured)" in answer.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["EmailJob.sned"], "EmailJob.sned is not in the allow-list (did you mean EmailJob.send?)"),
        (["Broken.run"], "its allow-list entry is malformed"),
        (["EmailJob.send", "-n", "shop"], "EmailJob.send is not allowed in namespace shop"),
        (
            ["EmailJob.send", "--retries", "60"],
            "spec.retry.maxAttempts is 61; EmailJob.send allows at most 50",
        ),
        (["EmailJob.send", "--priority", "hihg"], "spec.priority is the unknown name hihg"),
    ],
)
def test_what_the_operator_would_refuse_is_refused(arguments: list[str], message: str) -> None:
    answer = plan(*arguments)
    assert answer.code == 4
    assert message in answer.err


def test_an_existing_job_takes_no_options() -> None:
    answer = plan("mail", "--retries", "3")
    assert answer.code == 2
    assert "mail is the name of a job that exists; it takes no further option" in answer.err_text
