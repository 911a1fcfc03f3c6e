"""What becomes of what a method does, in the caller's own thread."""

import importlib
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import inline_jobs
from backgroundjob import JobFailed, LogsUnavailable, current_job, run_background_job
from backgroundjob.stored_settings import StoredSettings
from backgroundjob_operator.local.inline import InlineBackend
from backgroundjob_runner.context import set_current_job
from inline_jobs import InlineJob, calls, setting


def test_a_method_runs_in_the_callers_thread_and_context(inline: InlineBackend) -> None:
    token = setting.set("by the caller")
    try:
        assert InlineJob.context.later().result == threading.current_thread().name
        assert setting.get() == "by the caller and changed"
    finally:
        setting.reset(token)


def test_what_the_caller_has_patched_is_what_runs(
    inline: InlineBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inline_jobs, "calls", ["patched"])
    InlineJob.note.later(text="a")
    assert inline_jobs.calls == ["patched", "a"]


def test_a_provided_object_is_used_instead_of_a_new_one(inline: InlineBackend) -> None:
    mine = InlineJob()
    mine.greeting = "good evening"
    inline.provide(InlineJob, mine)
    assert InlineJob.note.later(text="Ada").result == "good evening Ada"


@pytest.mark.parametrize(
    ("method", "cause", "kind"),
    [("give_up", "AppError", "Fatal"), ("exit", "AppError", "SystemExit")],
)
def test_failures_are_told_apart_as_by_the_runner(
    inline: InlineBackend, method: str, cause: str, kind: str
) -> None:
    handle = run_background_job("InlineJob", method, retries=0)
    attempt = handle.document["status"]["attempts"][-1]
    assert (handle.state, attempt["cause"], attempt["exitCode"]) == ("Failed", cause, 1)
    assert kind in attempt["exception"]["type"]
    assert "inline_jobs.py" in attempt["exception"]["traceback"]
    assert "backgroundjob_runner/" not in attempt["exception"]["traceback"]
    with pytest.raises(JobFailed):
        _ = handle.result


def test_fatal_ends_it_at_the_first_attempt(inline: InlineBackend) -> None:
    handle = InlineJob.give_up.using(retries=9).later()
    assert (handle.reason, len(handle.document["status"]["attempts"])) == ("NotRetryable", 1)


def test_a_result_that_is_too_large_is_left_out(inline: InlineBackend) -> None:
    handle = InlineJob.large.later()
    assert (handle.state, handle.document["status"].get("result")) == ("Succeeded", None)
    assert any("it does not fit into 4000 bytes" in line for line in handle.logs())


def test_a_method_that_took_too_long_has_timed_out_once_it_returned(
    inline: InlineBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 2))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    handle = InlineJob.slow.using(retries=1).later()
    assert calls == ["slow", "slow"]
    causes = [attempt["cause"] for attempt in handle.document["status"]["attempts"]]
    assert (handle.reason, causes) == ("RetriesExhausted", ["Timeout", "Timeout"])


def test_ctrl_c_reaches_the_user_and_costs_the_job_nothing(inline: InlineBackend) -> None:
    with pytest.raises(KeyboardInterrupt):
        InlineJob.interrupt.using(name="x").later()
    inline.run_until_idle()
    status = inline.get("default", "x")["status"]
    assert (status["state"], status["attemptCount"], status["disruptionCount"]) == ("Succeeded", 1, 1)
    assert calls == [1, 2]


def test_ctrl_c_while_the_module_is_imported_reaches_the_user_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "interrupted_jobs.py").write_text("raise KeyboardInterrupt\n")
    monkeypatch.syspath_prepend(tmp_path)
    backend = InlineBackend(
        settings=StoredSettings(allow_list={"Slow.go": "target: interrupted_jobs:Slow.go"}, config={})
    )
    with pytest.raises(KeyboardInterrupt):
        run_background_job("Slow", "go", name="x", backend=backend)
    (tmp_path / "interrupted_jobs.py").write_text("class Slow:\n    def go(self): pass\n")
    importlib.invalidate_caches()
    backend.run_until_idle()
    status = backend.get("default", "x")["status"]
    assert (status["state"], status["attemptCount"], status["disruptionCount"]) == ("Succeeded", 1, 1)


def test_the_current_job_is_set_while_it_runs_and_put_back_after(inline: InlineBackend) -> None:
    mine = current_job().replace(name="mine")
    set_current_job(mine)
    try:
        InlineJob.fail.later(times=0)
        assert current_job() == mine
    finally:
        set_current_job(None)
    assert calls == [1]


def test_each_attempt_has_its_log_with_what_it_printed(
    inline: InlineBackend, capsys: pytest.CaptureFixture[str]
) -> None:
    handle = InlineJob.fail.later(times=1)
    first, newest = list(handle.logs(attempt=1)), list(handle.logs())
    stages = [line.split()[1] for line in first if line[:4].isdigit()]
    assert stages == ["RUNNING", "ATTEMPT", "LOG", "FAILED"]
    assert "printed in attempt 1" in first
    assert "printed in attempt 2" in newest
    assert " SUCCEEDED InlineJob.fail " in newest[-1]
    assert list(handle.logs(attempt=1, errors=True))[-1] == "    inline_jobs.Busy: not yet"
    assert capsys.readouterr().out == "printed in attempt 1\nprinted in attempt 2\n"
    with pytest.raises(LogsUnavailable, match="attempt 9 has no log; attempts with one: 1, 2"):
        handle.logs(attempt=9)


def test_following_a_log_runs_the_job(waiting: InlineBackend) -> None:
    handle = InlineJob.fail.later(times=1)
    printed = [line for line in handle.logs(follow=True) if line.startswith("printed")]
    assert printed == ["printed in attempt 1", "printed in attempt 2"]


def with_secret(**options: Any) -> Any:
    return run_background_job("InlineJob", "secret", params_from={"token": "mail/api-token"}, **options)


def test_a_secret_comes_from_the_tests_own_mapping_and_is_redacted(inline: InlineBackend) -> None:
    inline.secrets["default", "mail"] = {"api-token": "not-for-anybody"}
    handle = with_secret()
    assert calls == ["not-for-anybody"]
    assert handle.result == "token [redacted]"


def test_a_secret_may_lie_in_the_files_of_local_mode(inline: InlineBackend, tmp_path: Any) -> None:
    file = tmp_path / ".backgroundjob/secrets/default/mail/api-token"
    file.parent.mkdir(parents=True)
    file.write_text("from a file")
    with_secret()
    assert calls == ["from a file"]


def test_a_missing_secret_makes_the_attempt_wait_until_its_start_deadline(waiting: InlineBackend) -> None:
    handle = with_secret()
    waiting.advance(11)
    handle = handle.refresh()
    assert (handle.state, handle.reason) == ("Running", "Starting")
    assert "there is no Secret mail" in handle.message
    waiting.secrets["default", "mail"] = {"api-token": "late"}
    waiting.advance(0)
    assert handle.refresh().state == "Succeeded"
    other = with_secret(namespace="other")
    waiting.run_until_idle()
    assert other.refresh().reason == "DisruptionsExhausted"
