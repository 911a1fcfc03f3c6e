"""Cancel, suspend, resume and retry: from Python and as commands."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from backgroundjob import Conflict, Handle, InvalidSpec, NotFound, NotPossible, run_background_job
from backgroundjob.api.reasons import State
from backgroundjob.backends import Document
from backgroundjob.testing import InMemoryBackend, use_backend
from command_line import bgjob


def submit(*names: str, class_: str = "EmailJob", **options: Any) -> list[Handle[Any]]:
    return [run_background_job(class_, "send", name=name, **options) for name in names]


def spec(jobs: InMemoryBackend, name: str) -> dict[str, Any]:
    found: dict[str, Any] = jobs.get("default", name)["spec"]
    return found


def test_cancel_asks_for_the_end_and_a_second_time_changes_nothing(jobs: InMemoryBackend) -> None:
    (handle,) = submit("mail")
    assert handle.cancel().document["spec"]["cancel"] is True
    version = jobs.get("default", "mail")["metadata"]["resourceVersion"]
    handle.cancel()
    assert jobs.get("default", "mail")["metadata"]["resourceVersion"] == version


def test_suspend_holds_back_and_resume_lets_go(jobs: InMemoryBackend) -> None:
    (handle,) = submit("mail")
    assert handle.suspend().document["spec"]["suspend"] is True
    assert handle.resume().document["spec"]["suspend"] is False


def test_retry_raises_restarts_and_takes_cancel_back_in_the_same_update(jobs: InMemoryBackend) -> None:
    (handle,) = submit("mail")
    handle.cancel()
    jobs.fail("mail", state=State.CANCELLED)
    assert handle.retry().document["spec"] == {
        "class": "EmailJob",
        "method": "send",
        "restarts": 1,
        "cancel": False,
    }


def test_a_restart_that_was_not_seen_yet_is_not_repeated(jobs: InMemoryBackend) -> None:
    (handle,) = submit("mail")
    jobs.fail("mail")
    assert handle.retry().done is False
    with pytest.raises(NotPossible):
        handle.retry()
    jobs.succeed("mail")
    assert handle.retry().document["spec"]["restarts"] == 2


@pytest.mark.parametrize(
    ("verb", "ended", "message"),
    [
        ("retry", False, "default/mail is not seen by the operator: only a job that has ended can be run"),
        ("cancel", True, "default/mail is Failed: there is nothing to cancel; to run it again: bgjob retry"),
        ("suspend", True, "default/mail is Failed: there is nothing to suspend"),
    ],
)
def test_a_verb_that_does_not_fit_the_state_says_so_and_what_would(
    jobs: InMemoryBackend, verb: str, ended: bool, message: str
) -> None:
    (handle,) = submit("mail")
    if ended:
        jobs.fail("mail")
    with pytest.raises(NotPossible, match=message):
        getattr(handle, verb)()
    answer = bgjob(verb, "mail")
    assert answer.code == 4
    assert answer.err.startswith("Error: default/mail is ")


def test_a_later_job_of_the_same_name_is_left_alone(jobs: InMemoryBackend) -> None:
    (handle,) = submit("mail")
    handle.delete()
    submit("mail")
    with pytest.raises(NotFound):
        handle.cancel()
    assert "cancel" not in spec(jobs, "mail")


class Racing(InMemoryBackend):
    """Writes the object so many times between a read and a patch."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self._left = writes

    def patch_spec(
        self,
        namespace: str,
        name: str,
        patch: Mapping[str, Any],
        resource_version: str,
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> Document:
        if self._left:
            self._left -= 1
            self._store(self._copy((namespace, name)))
        return super().patch_spec(namespace, name, patch, resource_version, annotations=annotations)


def test_a_write_in_between_is_read_and_judged_again() -> None:
    with use_backend(Racing(writes=4)):
        (handle,) = submit("mail")
        assert handle.cancel().document["spec"]["cancel"] is True


def test_an_object_that_never_rests_is_a_conflict() -> None:
    with use_backend(Racing(writes=5)):
        (handle,) = submit("mail")
        with pytest.raises(Conflict):
            handle.cancel()


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"queue": "mail"}, "queue is immutable"),
        ({"method": "other"}, "class and method are immutable"),
        ({"restarts": 1}, "restarts can be raised only after"),
        ({"cancel": False}, "cancel cannot be taken back"),
        ({"restarts": -1, "cancel": True}, "restarts can only grow"),
    ],
)
def test_a_backend_without_an_api_server_refuses_what_it_would(
    jobs: InMemoryBackend, patch: dict[str, Any], message: str
) -> None:
    (handle,) = submit("mail")
    version = handle.cancel().document["metadata"]["resourceVersion"]
    with pytest.raises(InvalidSpec, match=message):
        jobs.patch_spec("default", "mail", patch, version)


def test_priority_can_change_until_the_first_attempt_has_started(jobs: InMemoryBackend) -> None:
    (handle,) = submit("mail")
    version = handle.document["metadata"]["resourceVersion"]
    changed = jobs.patch_spec("default", "mail", {"priority": 5}, version)
    assert changed["spec"]["priority"] == 5
    changed["status"] = {"startTime": "2026-03-01T12:00:00Z"}
    version = jobs._store(changed)["metadata"]["resourceVersion"]
    with pytest.raises(InvalidSpec, match="priority cannot change after"):
        jobs.patch_spec("default", "mail", {"priority": 6}, version)


def test_one_name_is_not_asked_about(jobs: InMemoryBackend) -> None:
    submit("mail")
    answer = bgjob("cancel", "mail")
    assert (answer.code, answer.out, answer.err) == (0, "mail cancel requested\n", "")
    assert bgjob("cancel", "mail").out == "mail cancel was requested before\n"
    assert bgjob("resume", "mail").out == "mail is not suspended\n"


def test_several_names_are_counted_and_asked_about(jobs: InMemoryBackend) -> None:
    submit("mail-1", "mail-2")
    answer = bgjob("suspend", "mail-1", "mail-2")
    assert answer.code == 1
    assert "Suspend 2 jobs in namespace default: mail-1, mail-2? [y/N]" in answer.err
    assert "Nobody answered; --yes answers in a script." in answer.err
    assert answer.err.endswith("Nothing was changed.\n")
    assert "suspend" not in spec(jobs, "mail-1")
    answer = bgjob("suspend", "mail-1", "mail-2", stdin="y\n")
    assert answer.out.endswith("mail-1 suspended\nmail-2 suspended\n")
    assert bgjob("resume", "mail-1", "mail-2", "--yes").out == "mail-1 resumed\nmail-2 resumed\n"


def test_filters_take_only_jobs_on_which_the_verb_can_act(jobs: InMemoryBackend) -> None:
    submit("mail-1", "mail-2", "ended", queue="mail")
    submit("other")
    jobs.succeed("ended")
    answer = bgjob("cancel", "--queue", "mail", "-y")
    assert answer.out == "mail-1 cancel requested\nmail-2 cancel requested\n"
    answer = bgjob("cancel", "--queue", "mail", "-y")
    assert (answer.code, answer.err) == (0, "No jobs to cancel in namespace default.\n")


def test_retry_by_filters_leaves_successes_alone_unless_they_are_named(jobs: InMemoryBackend) -> None:
    submit("good", "bad")
    jobs.succeed("good")
    jobs.fail("bad")
    assert bgjob("retry", "--class", "EmailJob", "-y").out == "bad runs again (restart 1)\n"
    answer = bgjob("retry", "--class", "EmailJob.send", "--state", "Succeeded", "-y")
    assert answer.out == "good runs again (restart 1)\n"


def test_a_long_list_is_cut_and_every_namespace_is_named(jobs: InMemoryBackend) -> None:
    submit(*(f"mail-{number}" for number in range(9)))
    submit("mail", namespace="shop")
    answer = bgjob("delete", "-A", "--class", "EmailJob", stdin="y\n")
    assert "Delete 10 jobs in 2 namespaces: default/mail-0, " in answer.err
    assert "default/mail-7 and 2 more? [y/N]" in answer.err
    assert answer.out.splitlines()[-1] == "shop/mail deleted"
    assert jobs.list(None) == []


def test_an_error_of_one_job_keeps_no_other_back(jobs: InMemoryBackend) -> None:
    submit("a", "c")
    answer = bgjob("cancel", "a", "b", "c", "--yes")
    assert answer.code == 5
    assert answer.out == "a cancel requested\nc cancel requested\n"
    assert answer.err.startswith("1 of 3 jobs failed:\nError: BackgroundJob default/b not found\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give names, or filters: --state, --class, --queue"),
        (["-A"], "give names, or filters"),
        (["mail", "--queue", "mail"], "names and filters exclude each other"),
        (["-A", "-n", "shop", "--queue", "mail"], "--all-namespaces and --namespace exclude each other"),
    ],
)
def test_a_verb_never_takes_everything_by_accident(
    jobs: InMemoryBackend, arguments: list[str], message: str
) -> None:
    answer = bgjob("delete", *arguments)
    assert answer.code == 2
    assert message in answer.err_text


def test_why_prints_the_stored_sentence_of_a_backend_that_knows_no_more(jobs: InMemoryBackend) -> None:
    (handle,) = submit("mail")
    assert bgjob("why", "mail").out == "mail is not seen by the operator\n"
    jobs.fail("mail", message="attempt 3 failed (AppError)")
    assert handle.why().sentence == "mail is Failed (RetriesExhausted): attempt 3 failed (AppError)"
    assert json.loads(bgjob("why", "mail", "-o", "json").out) == {
        "namespace": "default",
        "name": "mail",
        "state": "Failed",
        "reason": "RetriesExhausted",
        "message": "attempt 3 failed (AppError)",
        "sentence": "mail is Failed (RetriesExhausted): attempt 3 failed (AppError)",
        "ahead": None,
        "limitedBy": None,
        "limit": None,
        "estimateSeconds": None,
        "basisRuns": 0,
        "observedTime": None,
        "missing": "",
    }


@pytest.mark.parametrize("empty", [["--class", "", "--queue", "mail"], ["--queue", "", "--state", "Failed"]])
def test_an_empty_filter_takes_no_job_instead_of_all(jobs: InMemoryBackend, empty: list[str]) -> None:
    before = jobs.list(None)
    answer = bgjob("delete", *empty, "--yes")
    assert answer.code == 2
    assert "it is empty" in answer.err
    assert jobs.list(None) == before


class Outdated(InMemoryBackend):
    """Answers a list that is older than what there is now."""

    def list(self, namespace: str | None) -> list[Document]:
        documents = [dict(document) for document in super().list(namespace)]
        return [{**one, "status": {"state": "Failed", "restartsObserved": 0}} for one in documents]


@pytest.mark.parametrize("verb", ["delete", "retry"])
def test_a_job_that_has_changed_since_it_was_counted_is_left_alone(verb: str) -> None:
    with use_backend(Outdated()) as backend:
        assert isinstance(backend, InMemoryBackend)
        submit("mail")
        backend.start("mail")
        answer = bgjob(verb, "--state", "Failed", "--yes")
        assert (answer.code, answer.out) == (
            0,
            "mail has changed since and is none of them any more: left alone\n",
        )
        assert backend.get("default", "mail")["spec"].get("restarts", 0) == 0
