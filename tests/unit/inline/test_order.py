"""Who runs, when, and who never: the rules are the engine's own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from backgroundjob import (
    BackendUnavailable,
    InvalidParams,
    JobClass,
    NotAllowed,
    NotInstalled,
    StillRunning,
    job,
    run_background_job,
)
from backgroundjob.stored_settings import StoredSettings
from backgroundjob_operator.local.inline import InlineBackend
from inline_jobs import InlineJob, calls


def configured(**topics: Any) -> StoredSettings:
    return StoredSettings(config={name: yaml.safe_dump(topic) for name, topic in topics.items()})


def test_higher_priority_runs_first_and_equals_in_order_of_submission(waiting: InlineBackend) -> None:
    for text, priority in (("a", "low"), ("b", "medium"), ("c", "high"), ("d", "medium")):
        InlineJob.note.using(priority=priority).later(text=text)
    waiting.run_until_idle()
    assert calls == ["c", "b", "d", "a"]


def test_a_dependency_goes_first(waiting: InlineBackend) -> None:
    InlineJob.note.using(name="second", depends_on=["first"]).later(text="second")
    InlineJob.note.using(name="first").later(text="first")
    waiting.run_until_idle()
    assert calls == ["first", "second"]


def test_a_failed_dependency_fails_those_that_need_its_success(waiting: InlineBackend) -> None:
    handle = InlineJob.note.using(name="second", depends_on=["first"]).later(text="second")
    InlineJob.give_up.using(name="first").later()
    waiting.run_until_idle()
    assert handle.refresh().reason == "DependencyFailed"


def test_a_concurrency_key_lets_one_after_the_other_run(waiting: InlineBackend) -> None:
    handles = [InlineJob.note.using(concurrency_key="one").later(text=str(number)) for number in range(3)]
    waiting.run_until_idle()
    assert sorted(calls) == ["0", "1", "2"]
    assert {handle.refresh().state for handle in handles} == {"Succeeded"}


def test_limits_and_paused_queues_hold() -> None:
    settings = configured(limits={"concurrency": 1}, queues={"closed": {"paused": True}})
    backend = InlineBackend(settings=settings)
    for number in range(5):
        run_background_job("InlineJob", "note", {"text": str(number)}, backend=backend)
    held = run_background_job("InlineJob", "note", {"text": "x"}, queue="closed", backend=backend)
    assert len(calls) == 5
    assert (held.state, held.reason) == ("Queued", "QueuePaused")
    assert "closed is paused" in str(backend.why("default", held.name))


@pytest.mark.parametrize(
    ("method", "params", "reason"),
    [
        ("note", {"text": 7}, "InvalidParams"),
        ("note", {"txt": "a"}, "InvalidParams"),
        ("nope", {}, "NotAllowed"),
    ],
)
def test_what_the_allow_list_refuses_is_rejected_and_never_called(
    inline: InlineBackend, method: str, params: dict[str, Any], reason: str
) -> None:
    handle = run_background_job("InlineJob", method, params)
    assert (handle.state, handle.reason) == ("Rejected", reason)
    assert calls == []
    assert inline.events("default", handle.name)[-1]["reason"] == reason


def test_what_the_crd_refuses_is_refused_at_submission(inline: InlineBackend) -> None:
    with pytest.raises(InvalidParams):
        run_background_job("InlineJob", "note", {"text": float("nan")})
    assert inline.list(None) == ()


def test_settings_that_are_given_are_the_only_ones() -> None:
    entry = {
        "target": "inline_jobs:InlineJob.note",
        "params": {"type": "object", "additionalProperties": True},
    }
    backend = InlineBackend(settings=StoredSettings(allow_list={"Other.name": yaml.safe_dump(entry)}))
    assert run_background_job("Other", "name", {"text": "a"}, backend=backend).result == "hello a"
    assert run_background_job("InlineJob", "note", {"text": "a"}, backend=backend).reason == "NotAllowed"
    assert list(backend.settings().allow_list or ()) == ["Other.name"]


def test_the_file_of_local_mode_stands_beside_the_typed_jobs(tmp_path: Path) -> None:
    any_params = {"type": "object", "additionalProperties": True}
    entry = {"target": "inline_jobs:InlineJob.note", "params": any_params, "namespaces": ["shop"]}
    document = {"allowList": {"InlineJob.note": entry}, "config": {"queues": {"mail": {"paused": True}}}}
    (tmp_path / "backgroundjob.yaml").write_text(yaml.safe_dump(document))
    backend = InlineBackend()
    assert run_background_job("InlineJob", "note", {"text": "a"}, backend=backend).reason == "NotAllowed"
    assert run_background_job("InlineJob", "large", backend=backend).state == "Succeeded"
    paused = run_background_job("InlineJob", "large", queue="mail", backend=backend)
    assert paused.reason == "QueuePaused"


def test_settings_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="concurency"):
        InlineBackend(settings=configured(limits={"concurency": 1}))
    (tmp_path / "backgroundjob.yaml").write_text("allowlist: {}")
    with pytest.raises(BackendUnavailable, match="section allowlist is unknown"):
        InlineBackend()


def test_a_typed_job_without_an_entry_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = InlineBackend()
    monkeypatch.setattr(backend._settings, "_typed", lambda: ({}, {"InlineJob.note": "its hints are odd"}))
    with pytest.raises(NotAllowed, match="its hints are odd"):
        run_background_job("InlineJob", "note", {"text": "a"}, backend=backend)


def test_waiting_for_what_nobody_will_bring_ends_at_once(waiting: InlineBackend) -> None:
    handle = InlineJob.note.using(depends_on=["nobody"]).later(text="never")
    with pytest.raises(StillRunning, match="WaitingForDependencies"):
        handle.wait()


def test_waiting_runs_the_job_and_tells_each_change(waiting: InlineBackend) -> None:
    handle = InlineJob.fail.later(times=1)
    states = [document.state for document in handle.events()]
    assert [state for state in states if state] == ["Running", "Retrying", "Running", "Succeeded"]


def test_modules_of_the_settings_file_are_imported_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "only_in_the_file.py").write_text(
        "from backgroundjob import JobClass, job\n"
        "class OnlyInTheFile(JobClass):\n    @job\n    def seven(self) -> int: return 7\n"
    )
    settings = tmp_path / "backgroundjob.yaml"
    settings.write_text("modules: [only_in_the_file]")
    assert run_background_job("OnlyInTheFile", "seven", backend=InlineBackend()).result == 7
    settings.write_text("modules: [nowhere_at_all]")
    with pytest.raises(NotInstalled, match="the module nowhere_at_all"):
        InlineBackend()


def test_a_class_that_nobody_could_import_says_where_to_write_it() -> None:
    class LostJob(JobClass):
        """Inside a function."""

        @job
        def run(self) -> None:
            """Run."""

    with pytest.raises(NotAllowed, match=r"LostJob.run cannot be imported; write the class at the top of a"):
        LostJob.run.using(backend=InlineBackend()).later()
