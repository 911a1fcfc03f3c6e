"""The allow-list entries that typed code asks for: the operator accepts them, and they ask no more."""

import re
import sys
import types
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, TypedDict

import pytest

from backgroundjob import InvalidJob, JobClass, NotInstalled, Schema, Secret, job
from backgroundjob.api.allow_list import parse_entry
from backgroundjob.catalogue import Entries, entries, entries_of_process, entry_of
from backgroundjob_operator.engine.validation import ParamsSchema

MODULE = __name__


class Address(TypedDict):
    """Where it goes."""

    street: str
    title: Literal["home", "work"]


class EmailJob(JobClass):
    """Sends mail."""

    @job(
        retries=4,
        retry_delay="5s",
        backoff="Linear",
        retry_on=(ConnectionError, "smtp.Busy"),
        fail_on=[ValueError],
        timeout="5m",
        deadline=timedelta(hours=1),
        ttl="1d",
        priority="high",
        queue="mail",
        unique="mail-{to}",
        concurrency_key="{to}",
        loggable=["to"],
    )
    def send(
        self,
        to: Annotated[str, Schema(format="email", maxLength=200)],
        address: Address | None = None,
        *,
        token: Secret = Secret.ref("mail/api-token"),
        headers: dict[str, str] = {"title": "Hello"},  # noqa: B006  read, never changed
    ) -> None:
        """Send one e-mail.

        Not part of the description.
        """

    @job
    def count(self) -> int:
        return 0


class NewsJob(EmailJob, alias="News"):
    """Inherits both."""

    @job(priority=5)
    def count(self) -> int:
        """Count the news."""
        return 1


class Base(JobClass, ABC):
    """Nothing to run."""

    @job
    @abstractmethod
    def run(self, number: int) -> int:
        """Run."""


class DoneJob(Base):
    """Something to run."""

    @job
    def run(self, number: int) -> int:
        return number


class _PrivateJob(JobClass):
    """Nobody may name it."""

    @job
    def run(self) -> None:
        """Run."""


Again = EmailJob


@pytest.fixture(scope="module")
def found() -> Entries:
    """Of this module."""
    return entries([MODULE])


def test_a_module_has_the_jobs_of_its_own_public_classes_inherited_ones_too(found: Entries) -> None:
    assert list(found) == ["EmailJob.send", "EmailJob.count", "News.send", "News.count", "DoneJob.run"]


def test_an_entry_says_what_signature_docstring_and_decorator_say(found: Entries) -> None:
    assert found["EmailJob.send"] == {
        "target": f"{MODULE}:EmailJob.send",
        "description": "Send one e-mail.",
        "params": {
            "type": "object",
            "properties": {
                "to": {"type": "string", "format": "email", "maxLength": 200},
                "address": {"anyOf": [{"$ref": "#/$defs/Address"}, {"type": "null"}], "default": None},
                "token": {"type": "string"},
                "headers": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "default": {"title": "Hello"},
                },
            },
            "required": ["to", "token"],
            "additionalProperties": False,
            "$defs": {
                "Address": {
                    "type": "object",
                    "description": "Where it goes.",
                    "properties": {
                        "street": {"type": "string"},
                        "title": {"type": "string", "enum": ["home", "work"]},
                    },
                    "required": ["street", "title"],
                    "additionalProperties": False,
                }
            },
        },
        "defaults": {
            "priority": "high",
            "queue": "mail",
            "timeoutSeconds": 300,
            "deadlineSeconds": 3600,
            "ttlSecondsAfterFinished": 86400,
            "retry": {
                "maxAttempts": 5,
                "backoff": "Linear",
                "delaySeconds": 5,
                "retryOn": ["ConnectionError", "smtp.Busy"],
                "failOn": ["ValueError"],
            },
        },
        "loggable": ["to"],
    }
    no_parameter = {"type": "object", "properties": {}, "additionalProperties": False}
    assert found["EmailJob.count"] == {"target": f"{MODULE}:EmailJob.count", "params": no_parameter}


def test_an_alias_is_the_key_and_the_target_is_the_class(found: Entries) -> None:
    assert found["News.send"]["target"] == f"{MODULE}:NewsJob.send"
    assert {**found["News.send"], "target": ""} == {**found["EmailJob.send"], "target": ""}
    assert found["News.count"]["defaults"] == {"priority": 5}
    assert found["News.count"]["description"] == "Count the news."


def test_the_operator_accepts_every_entry(found: Entries) -> None:
    for key, document in found.items():
        entry = parse_entry(key, document)
        schema = ParamsSchema(entry.params)
        assert schema.names == tuple(document["params"]["properties"])


def test_the_operator_takes_a_secret_for_given_and_misses_it_otherwise(found: Entries) -> None:
    schema = ParamsSchema(found["EmailJob.send"]["params"])
    to = {"to": "a@example.org"}
    assert schema.problems(to, assume_present=["token"]) == ()
    assert [str(one) for one in schema.problems(to)] == ["params.token is missing"]
    assert [str(one) for one in schema.problems({**to, "to": "nobody"}, assume_present=["token"])] == [
        'params.to breaks the schema\'s rule format: "email"'
    ]


def test_the_entries_of_the_process_are_among_others_those_of_this_module(found: Entries) -> None:
    class LateJob(EmailJob):
        """Defined in a function: nobody can import it."""

    mine = {key: one for key, one in entries_of_process()[0].items() if one["target"].startswith(MODULE)}
    assert (mine, LateJob.job_class) == ({key: one for key, one in found.items() if key in mine}, "LateJob")
    # Those of other test modules have the same keys, or are wrong on purpose.
    assert {*found} - {*mine} <= {"EmailJob.send", "EmailJob.count"}


def test_one_job_that_is_wrong_takes_no_other_of_the_process_with_it(
    module: Callable[..., str], found: Entries
) -> None:
    wrong = made(loggable=["x"])
    wrong.__qualname__, wrong.job_class = "Job0", "WrongHere"
    module("made_wrong", wrong)
    entries_found, problems = entries_of_process()
    assert "loggable names x, which is no parameter of it" in problems["WrongHere.run"]
    assert "News.send" in entries_found


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes a module of these classes; its name."""

    def make(name: str, *classes: type[JobClass]) -> str:
        made = types.ModuleType(name)
        for number, one in enumerate(classes):
            one.__module__ = name
            setattr(made, f"Job{number}", one)
        monkeypatch.setitem(sys.modules, name, made)
        return name

    return make


def made(**options: Any) -> type[JobClass]:
    class Made(JobClass):
        """One job with a parameter and a secret."""

        @job(**options)
        def run(self, number: int, token: Secret) -> None:
            """Run."""

    return Made


def test_two_classes_of_one_key_have_to_be_told_apart(module: Callable[..., str]) -> None:
    names = module("made_first", made()), module("made_second", made())
    with pytest.raises(
        InvalidJob, match=r"made_second:.*Made.run is made_first:.* too; .*class Made\(JobClass, alias='…'\)"
    ):
        entries(names)


@pytest.mark.parametrize(("name", "problem"), [("numbr", "is no parameter of it"), ("token", "is a Secret")])
def test_loggable_names_parameters_that_are_no_secrets(name: str, problem: str) -> None:
    with pytest.raises(InvalidJob, match=f"loggable names {name}, which {problem}"):
        entry_of(made(loggable=["number", name]).run)  # type: ignore[attr-defined]  # it has


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"timeout": "soon"}, "timeout is 'soon'"),
        ({"retrys": 3}, "option retrys does not exist; did you mean retries?"),
    ],
)
def test_an_option_of_the_decorator_that_cannot_be_is_told_and_of_which_job(
    options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidJob, match=rf"Made\.run: {re.escape(problem)}"):
        entry_of(made(**options).run)  # type: ignore[attr-defined]  # it has


def test_a_module_that_cannot_be_found_is_told_and_what_to_do() -> None:
    with pytest.raises(
        NotInstalled, match=r"the module jobs_of_nobody\.mail.*run it in the folder that holds the code"
    ):
        entries(["jobs_of_nobody.mail"])


def test_a_module_that_misses_another_says_which(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needing_jobs.py").write_text("import needing")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'needing'"):
        entries(["needing_jobs"])
