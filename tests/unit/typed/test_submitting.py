"""A method of a JobClass: called here as any method, submitted with `later`."""

import pickle
from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal

import pytest

from backgroundjob import (
    BatchIncomplete,
    Handle,
    InvalidJob,
    InvalidParams,
    InvalidSpec,
    JobClass,
    NameConflict,
    Schema,
    Secret,
    StillRunning,
    job,
    run_background_job,
)
from backgroundjob.backends import Document
from backgroundjob.testing import InMemoryBackend, use_backend


class Busy(Exception):
    """A mail server says: later."""


class EmailJob(JobClass):
    """Sends mail."""

    @job(retries=4, retry_on=(Busy,), timeout="5m", priority="high", loggable=["to"])
    def send(self, to: str, subject: str = "Hello", *, tags: list[str] | None = None) -> dict[str, str]:
        """Send one e-mail."""
        return {"to": to, "subject": subject}

    @job
    async def fetch(self, count: int, json: float = 1.5) -> int:
        """Parameters may be called as methods of pydantic's models."""
        return count


class InvoiceJob(JobClass, alias="Invoice"):
    """Known by an alias."""

    @job(unique="invoice-{number}-{locale}", concurrency_key="customer-{customer}")
    def create(self, number: int, customer: str, locale: Literal["en", "de"] = "en") -> int:
        """Make one."""
        return number

    @job
    def notify(self, to: str, token: Secret = Secret.ref("mail/api-token")) -> None:
        """Tell somebody."""

    @job
    def sign(self, number: int, key: Secret) -> None:
        """Needs a Secret that only the caller can name."""


def spec(handle: Handle[Any]) -> Document:
    found: Document = handle.document["spec"]
    return found


def test_on_an_instance_it_is_the_method_itself() -> None:
    assert EmailJob().send("a@example.org") == {"to": "a@example.org", "subject": "Hello"}


def test_later_submits_the_arguments_by_name_with_the_options_of_the_decorator() -> None:
    handle = EmailJob.send.later("a@example.org", tags=["x"])
    assert spec(handle) == {
        "class": "EmailJob",
        "method": "send",
        "params": {"to": "a@example.org", "tags": ["x"]},
        "priority": "high",
        "timeoutSeconds": 300,
        "retry": {"maxAttempts": 5, "retryOn": [f"{Busy.__module__}.Busy"]},
    }


def test_using_is_for_one_call_and_goes_before_the_decorator() -> None:
    handle = EmailJob.send.using(delay="10m", retries=0).using(queue="mail").later(to="a@example.org")
    assert spec(handle)["delaySeconds"] == 600
    assert (spec(handle)["queue"], spec(handle)["retry"]["maxAttempts"]) == ("mail", 1)
    assert "delaySeconds" not in spec(EmailJob.send.later(to="a@example.org"))


def test_using_names_the_backend_too() -> None:
    other = InMemoryBackend()
    EmailJob.send.using(backend=other).later(to="a@example.org")
    assert other.calls() == [("EmailJob.send", {"to": "a@example.org"})]


def test_the_class_is_submitted_by_its_alias(jobs: InMemoryBackend) -> None:
    InvoiceJob.create.later(7, customer="ada")
    assert jobs.calls() == [("Invoice.create", {"number": 7, "customer": "ada"})]


def test_a_subclass_has_the_jobs_of_its_base_under_its_own_name(jobs: InMemoryBackend) -> None:
    class NewsJob(EmailJob):
        """Inherits."""

    NewsJob.fetch.later(3)
    assert jobs.calls() == [("NewsJob.fetch", {"count": 3})]


def test_unique_and_concurrency_key_are_templates_over_parameters_and_their_defaults() -> None:
    handle = InvoiceJob.create.later(7, "ada")
    assert (handle.name, spec(handle)["concurrencyKey"]) == ("invoice-7-en", "customer-ada")
    assert InvoiceJob.create.later(number=7, customer="ada").uid == handle.uid
    with pytest.raises(NameConflict, match="priority: asked 5, exists nothing"):
        InvoiceJob.create.using(priority=5).later(7, "ada")


def test_a_concurrency_key_that_cannot_be_is_told_without_the_value() -> None:
    with pytest.raises(
        InvalidSpec, match=r"concurrency_key is no key once 'customer-\{customer\}' is"
    ) as caught:
        InvoiceJob.create.later(7, "Jürgen Müller")
    assert "Müller" not in str(caught.value)


def test_a_value_with_braces_is_no_template() -> None:
    class NoteJob(JobClass):
        """Takes any text."""

        @job(unique="note-{text}")
        def write(self, text: str) -> None:
            """Write it."""

    assert NoteJob.write.later("{number}").name.startswith("note-number-")


def test_a_secret_is_sent_as_a_reference() -> None:
    default = spec(InvoiceJob.notify.later(to="ada"))
    other = spec(InvoiceJob.notify.later(to="ada", token=Secret.ref("mail/new")))
    assert default["paramsFrom"] == [{"name": "token", "secretKeyRef": {"name": "mail", "key": "api-token"}}]
    assert other["paramsFrom"][0]["secretKeyRef"] == {"name": "mail", "key": "new"}
    assert default["params"] == {"to": "ada"}


@pytest.mark.parametrize("value", ["s3cret-value", Secret("s3cret-value")])
def test_the_value_of_a_secret_is_refused_and_not_repeated(value: Any) -> None:
    with pytest.raises(InvalidParams, match=r"params.token is a Secret: pass Secret.ref") as caught:
        InvoiceJob.notify.later("ada", token=value)
    assert "s3cret" not in str(caught.value) + repr(value if isinstance(value, Secret) else "")


def test_a_secret_without_a_default_must_be_named() -> None:
    with pytest.raises(InvalidParams, match=r"give key=Secret.ref\('secret-name/key'\)"):
        InvoiceJob.sign.later(7)  # type: ignore[call-arg]  # the point


@pytest.mark.parametrize(
    ("args", "kwargs", "problem"),
    [
        (("a", "b", "c"), {}, "too many positional arguments; EmailJob.send takes"),
        ((), {}, "missing a required argument: 'to'"),
        (("a",), {"topic": "x"}, "unexpected keyword argument 'topic'"),
        ((7,), {}, "params.to input should be a valid string"),
        (("a",), {"tags": ["x", 1]}, r"params.tags.1 input should be a valid string"),
        (("a",), {"tags": ("x",)}, "^$"),
    ],
)
def test_arguments_that_do_not_fit_name_the_parameter(args: Any, kwargs: Any, problem: str) -> None:
    if problem == "^$":  # a tuple is JSON's list
        assert spec(EmailJob.send.later(*args, **kwargs))["params"]["tags"] == ["x"]
        return
    with pytest.raises(InvalidParams, match=problem):
        EmailJob.send.later(*args, **kwargs)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (float("nan"), "not a finite number"),
        ("1", "valid number"),
        (True, "valid number"),
        (object(), "is a object, which JSON does not have"),
    ],
)
def test_values_that_json_lacks_or_the_hint_refuses_are_told_without_the_value(
    value: Any, problem: str
) -> None:
    with pytest.raises(InvalidParams, match=f"params.json .*{problem}"):
        EmailJob.fetch.later(1, json=value)


def test_a_structure_that_contains_itself_is_told() -> None:
    knot: list[Any] = []
    knot.append(knot)
    with pytest.raises(InvalidParams, match="nested too deep"):
        EmailJob.send.later("a", tags=knot)


def test_a_huge_payload_is_told() -> None:
    with pytest.raises(InvalidParams, match="bytes as JSON; at most 65536"):
        EmailJob.send.later("a" * 70_000)


def test_an_unknown_option_has_the_nearest_one() -> None:
    with pytest.raises(InvalidSpec, match=r"option retrys does not exist; did you mean retries?"):
        EmailJob.send.using(retrys=3).later("a")  # type: ignore[call-arg]  # the point


@pytest.mark.parametrize("option", ["name", "namespace", "unique", "queue", "concurrency_key"])
def test_an_option_that_is_no_text_is_told(option: str) -> None:
    options: Any = {option: 42}
    with pytest.raises(InvalidSpec, match=f"^{option} is a int; give a text$"):
        EmailJob.send.using(**options).later(to="a")


def test_what_may_be_logged_is_no_option_of_a_call() -> None:
    with pytest.raises(InvalidSpec, match="option loggable does not exist"):
        EmailJob.send.using(loggable=["to"]).later("a")  # type: ignore[call-arg]  # the point


def test_many_checks_all_before_it_submits_the_first(jobs: InMemoryBackend) -> None:
    with pytest.raises(InvalidParams, match=r"params.count"):
        EmailJob.fetch.many([{"count": 1}, {"count": "2"}])
    with pytest.raises(InvalidSpec, match="timeout"):
        EmailJob.fetch.using(timeout="soon").many([{"count": 1}])
    assert jobs.calls() == []


def test_many_gives_one_handle_for_all() -> None:
    batch = EmailJob.fetch.many([{"count": 1}, (2, 0.5), [3]])
    assert [spec(one)["params"] for one in batch] == [{"count": 1}, {"count": 2, "json": 0.5}, {"count": 3}]
    assert batch.states == {"not seen by the operator": 3}
    assert len(batch.cancel()) == 3


def test_waiting_for_many_too_short_says_how_long_was_waited(jobs: InMemoryBackend) -> None:
    batch = EmailJob.send.many([("a",), ("b",)])
    jobs.succeed(batch.handles[0].name)
    with pytest.raises(StillRunning) as caught:
        batch.wait("5m")
    assert (caught.value.name, caught.value.timeout_seconds) == (batch.handles[1].name, 300.0)


def test_cancelling_many_goes_on_where_one_is_gone(jobs: InMemoryBackend) -> None:
    batch = EmailJob.send.many([("a",), ("b",), ("c",)])
    gone, ended, _ = batch
    gone.delete()
    jobs.succeed(ended.name)
    assert [one.document["spec"].get("cancel", False) for one in batch.cancel()] == [False, False, True]


def test_an_iterator_among_the_options_counts_for_every_submission() -> None:
    method = EmailJob.fetch.using(depends_on=iter(["extract"]), retry_on=(kind for kind in (Busy,)))
    expected = [{"name": "extract"}]
    assert [spec(one)["dependsOn"] for one in method.many([(1,), (2,)])] == [expected, expected]
    deferred: list[Any] = []
    method.on_commit(deferred.append).later(3)
    deferred[0]()
    assert spec(method.later(4))["dependsOn"] == expected


def test_many_that_is_interrupted_tells_what_was_submitted() -> None:
    class Full(InMemoryBackend):
        """Takes two."""

        def submit(self, manifest: Any) -> Document:
            if len(self.calls()) == 2:
                raise InvalidSpec("metadata", "is no good")
            return super().submit(manifest)

    with use_backend(Full()), pytest.raises(BatchIncomplete, match="2 of 3 jobs were submitted") as caught:
        EmailJob.fetch.many([(1,), (2,), (3,)])
    assert [one.state for one in caught.value.handles] == ["", ""]


def test_the_helper_takes_the_method_or_the_class_too(jobs: InMemoryBackend) -> None:
    handle = run_background_job(EmailJob.send, {"to": "a"}, retries=0)
    assert spec(handle)["retry"]["maxAttempts"] == 1
    run_background_job(EmailJob, "fetch", [3], delay=60)
    assert jobs.calls() == [("EmailJob.send", {"to": "a"}), ("EmailJob.fetch", {"count": 3})]


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: run_background_job(EmailJob, "sent", {}), "the jobs of EmailJob are: send, fetch"),
        (lambda: run_background_job(EmailJob.send, {"to": 1}), "params.to input should be a valid string"),
        (lambda: run_background_job(EmailJob.send, "a"), "params is a str; give a dict, or a list"),
        (lambda: run_background_job("EmailJob", "send", retrys=1), "did you mean retries?"),  # type: ignore[call-overload]
    ],
)
def test_what_the_helper_refuses(call: Any, problem: str) -> None:
    with pytest.raises((InvalidSpec, InvalidParams), match=problem):
        call()


async def test_submitting_can_be_awaited(jobs: InMemoryBackend) -> None:
    handle = await EmailJob.send.aio.later("a")
    batch = await EmailJob.fetch.aio.many([(1,)])
    assert jobs.calls() == [("EmailJob.send", {"to": "a"}), ("EmailJob.fetch", {"count": 1})]
    assert (handle.name, len(batch)) == (handle.name, 1)


def test_a_job_is_called_as_in_its_class_whatever_a_decorator_returned() -> None:
    def logged(_: Any) -> Any:
        def wrapper(self: Any, to: str) -> None:
            """Does not say of what it is made."""

        return wrapper

    class Decorated(JobClass):
        """Has a job that is called otherwise inside."""

        @job
        @logged
        def send(self, to: str) -> None:
            """Never seen."""

        deliver = send

    assert (Decorated.send.key, Decorated.deliver.key) == ("Decorated.send", "Decorated.send")
    assert spec(Decorated.send.later(to="a"))["method"] == "send"


def test_calling_it_on_the_class_says_what_was_meant() -> None:
    with pytest.raises(TypeError, match=r"EmailJob\(\).send\(...\) runs it here, EmailJob.send.later"):
        EmailJob.send("a")  # type: ignore[operator]  # the point


def test_a_job_outside_a_jobclass_is_told() -> None:
    class Plain:
        """Forgot the base."""

        @job
        def run(self) -> None:
            """Run."""

    with pytest.raises(TypeError, match=r"class Plain\(JobClass\)"):
        _ = Plain.run


@pytest.mark.parametrize("wrong", [staticmethod(len), property(len), 3])
def test_the_decorator_needs_a_plain_method(wrong: Any) -> None:
    with pytest.raises(TypeError, match="@job needs a plain method, found a"):
        job(wrong)


def test_an_abstract_job_stays_abstract() -> None:
    class Base(JobClass, ABC):
        """To be completed."""

        @job
        @abstractmethod
        def run(self) -> None:
            """Run."""

    with pytest.raises(TypeError, match="abstract"):
        Base()  # type: ignore[abstract]  # the point


def test_the_rules_of_a_schema_hint_are_checked_at_once() -> None:
    class Names(JobClass):
        """Bounded."""

        @job
        def add(self, name: Annotated[str, Schema(maxLength=3, format="hostname")]) -> None:
            """Add."""

    with pytest.raises(InvalidParams, match=r"params.name string should have at most 3 characters"):
        Names.add.later("long")


def test_a_secret_survives_pickling_and_shows_nothing() -> None:
    copy = pickle.loads(pickle.dumps(Secret.ref("a/b")))  # noqa: S301  our own bytes
    assert (repr(copy), repr(Secret("value"))) == ("Secret.ref('a/b')", "Secret('[redacted]')")


class Odd(JobClass):
    """Hints that cannot be."""

    @job
    def unhinted(self, to) -> None:  # type: ignore[no-untyped-def]
        """No hint."""

    @job
    def dated(self, when: "__import__('datetime').date") -> None:  # type: ignore[valid-type]
        """JSON has no dates."""

    @job
    def variadic(self, *parts: str) -> None:
        """No names."""

    @job
    def tupled(self, pair: tuple[str, str]) -> None:
        """JSON has lists."""

    @job
    def mapped(self, sizes: dict[int, str]) -> None:
        """JSON's keys are text."""

    @job
    def defaulted(self, count: int = "three") -> None:  # type: ignore[assignment]  # the point
        """A default that breaks its own hint."""

    @job
    def unknown(self, what: "Nowhere") -> None:  # type: ignore[name-defined]  # noqa: F821
        """A name that is not there."""


@pytest.mark.parametrize(
    ("method", "problem"),
    [
        (Odd.unhinted, "parameter to has no type hint; write to: str"),
        (Odd.dated, "parameter when is hinted date, which JSON does not have; take a str and call date.from"),
        (Odd.variadic, r"parameter parts has no name to give it by; remove \*, \*\* and /"),
        (Odd.tupled, "parameter pair is hinted tuple, which JSON does not have; take a list"),
        (Odd.mapped, "parameter sizes is hinted dict"),
        (Odd.defaulted, "the default of parameter count does not fit its hint"),
        (Odd.unknown, "a type hint names Nowhere, which cannot be found"),
    ],
)
def test_a_signature_that_json_cannot_carry_says_what_to_write(method: Any, problem: str) -> None:
    with pytest.raises(InvalidJob, match=rf"test_submitting:Odd\.\w+: {problem}"):
        method.later("x")
