"""What type checkers say about typed jobs: each line that is wrong names the rules that must find it.

Read by tests/static_checks/test_checkers.py. `assert_type` is an error where a type is another one.
"""

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Annotated, Any, Literal, TypedDict, assert_type

from sqlalchemy.orm import Session

from backgroundjob import Batch, Deferred, Handle, JobClass, JobMethod, Schema, Secret, job, run_background_job


class Address(TypedDict):
    street: str
    number: int


class EmailJob(JobClass):
    @job(retries=4, retry_on=(ConnectionError,), timeout="5m", loggable=["to"])
    def send(self, to: str, subject: str = "Hello", *, tags: list[str] | None = None) -> dict[str, str]:
        return {"to": to, "subject": subject}

    @job
    async def fetch(self, count: int, ratio: float = 1.5) -> int:
        return await self.poll(count)

    @job(queue="mail")
    async def poll(self, count: int) -> int:
        return count

    @job
    def notify(self, to: str, token: Secret = Secret.ref("mail/api-token")) -> None:
        self.send(to)
        self.send(7)  # expect: mypy[arg-type] pyright[reportArgumentType]

    @job()
    def write(self, to: Address, style: Annotated[Literal["a", "b"], Schema(maxLength=1)] = "a") -> float:
        return to["number"]


class NewsJob(EmailJob, alias="News"):
    @job
    def publish(self) -> str:
        return self.send("a@example.org")["to"]

    @job
    def send(self, to: str, subject: str = "Hello", *, tags: list[str] | None = None) -> dict[str, str]:
        return super().send(to, subject, tags=tags)


class OtherJob(EmailJob):
    @job
    def send(self, to: int) -> str:  # expect: mypy[override] pyright[reportIncompatibleVariableOverride]
        return str(to)


class WiderJob(EmailJob):
    # Harmless, and mypy knows; pyright has no variance for the parameters in a type.
    @job
    def notify(  # expect: pyright[reportIncompatibleVariableOverride]
        self, to: str, token: Secret = Secret.ref("mail/api-token"), copy: str = ""
    ) -> None: ...


class Base(JobClass, ABC):
    @job
    @abstractmethod
    def run(self, number: int) -> int: ...


def results() -> None:
    assert_type(EmailJob.send.later("a").wait().result, dict[str, str])
    assert_type(EmailJob.send.later("a", tags=["x"]), Handle[dict[str, str]])
    assert_type(EmailJob.fetch.later(1).wait(timeout="5m").result, int)
    assert_type(EmailJob.poll.later(count=1), Handle[int])
    assert_type(EmailJob.notify.later("a").result, None)
    assert_type(EmailJob.write.later({"street": "x", "number": 1}, style="b").result, float)
    assert_type(EmailJob.send.using(delay="10m", depends_on=[EmailJob.poll.later(1)]).later("a").name, str)
    assert_type(NewsJob.send.later("a"), Handle[dict[str, str]])
    assert_type(NewsJob.fetch.later(1), Handle[int])
    assert_type(NewsJob.publish.later(), Handle[str])
    assert_type(Base.run.later(1), Handle[int])
    assert_type(EmailJob.send.many([{"to": "a"}, ("b",)]), Batch[dict[str, str]])
    assert_type(EmailJob.fetch.many((number,) for number in range(3)).wait().results, list[int])
    assert_type(EmailJob.send.on_commit().later("a"), Deferred[dict[str, str]])
    assert_type(EmailJob.fetch.using(retries=1).on_commit("replica").later(1).handle, Handle[int])
    assert_type(EmailJob.fetch.on_commit(Session()).later(1).is_submitted, bool)
    assert_type(run_background_job(EmailJob.send, {"to": "a"}), Handle[dict[str, str]])
    assert_type(run_background_job(EmailJob.fetch, [1], retries=2).result, int)
    assert_type(run_background_job(EmailJob, "send", {"to": "a"}), Handle[Any])
    assert_type(run_background_job("EmailJob", "send", {"to": "a"}, delay=60), Handle[Any])
    assert_type(EmailJob.job_class, str)


def an_instance_is_called_as_ever() -> None:
    assert_type(EmailJob().send("a", tags=["x"]), dict[str, str])
    assert_type(NewsJob().publish(), str)
    EmailJob().notify("a", token=Secret("value"))
    EmailJob().send(1)  # expect: mypy[arg-type] pyright[reportArgumentType]
    EmailJob().send.later("a")  # expect: mypy[attr-defined] pyright[reportFunctionMemberAccess]
    EmailJob().fetch(1)  # expect: mypy[unused-coroutine] pyright[reportUnusedCoroutine]


def an_async_one_is_awaited_as_ever() -> Coroutine[Any, Any, int]:
    return EmailJob().fetch(1)


async def awaited() -> None:
    assert_type(await EmailJob().fetch(1), int)
    assert_type(await EmailJob.send.aio.later("a"), Handle[dict[str, str]])
    assert_type(await EmailJob.fetch.using(queue="slow").aio.later(1, ratio=2), Handle[int])
    assert_type(await EmailJob.fetch.aio.many([(1,)]), Batch[int])
    assert_type(await EmailJob.fetch.later(1).aio.result(timeout=5), int)
    async for seen in EmailJob.fetch.later(1).aio.events():
        assert_type(seen, Handle[int])
    await EmailJob.fetch.aio.later("1")  # expect: mypy[arg-type] pyright[reportArgumentType]
    await EmailJob.fetch.aio.later()  # expect: mypy[call-arg] pyright[reportCallIssue]
    EmailJob.fetch.aio.later(1)  # expect: mypy[unused-coroutine] pyright[reportUnusedCoroutine]


def arguments_that_do_not_fit() -> None:
    EmailJob.send.later(7)  # expect: mypy[arg-type] pyright[reportArgumentType]
    EmailJob.send.later("a", tags=("x",))  # expect: mypy[arg-type] pyright[reportArgumentType]
    EmailJob.send.later("a", tags=[1])  # expect: mypy[list-item] pyright[reportArgumentType]
    EmailJob.send.later("a", topic="x")  # expect: mypy[call-arg] pyright[reportCallIssue]
    EmailJob.send.later()  # expect: mypy[call-arg] pyright[reportCallIssue]
    EmailJob.fetch.later(1, 1.5, 2)  # expect: mypy[call-arg] pyright[reportCallIssue]
    EmailJob.fetch.later("1")  # expect: mypy[arg-type] pyright[reportArgumentType]
    EmailJob.write.later({"street": "x"})  # expect: mypy[typeddict-item] pyright[reportArgumentType]
    EmailJob.write.later({"street": "x", "number": 1}, "c")  # expect: mypy[arg-type] pyright[reportArgumentType]
    EmailJob.send.on_commit().later(to=1)  # expect: mypy[arg-type] pyright[reportArgumentType]
    EmailJob.send.using(retries=1).later(1)  # expect: mypy[arg-type] pyright[reportArgumentType]
    EmailJob.send.many([1])  # expect: mypy[list-item] pyright[reportArgumentType]
    NewsJob.fetch.later(None)  # expect: mypy[arg-type] pyright[reportArgumentType]
    run_background_job(EmailJob.send, 3)  # expect: mypy[call-overload] pyright[reportArgumentType,reportCallIssue]


def a_secret_is_named_and_never_passed() -> None:
    EmailJob.notify.later("a", token=Secret.ref("mail/other"))
    EmailJob.notify.later("a", token="value")  # expect: mypy[arg-type] pyright[reportArgumentType]


def options_that_do_not_exist() -> None:
    EmailJob.send.using(retrys=3)  # expect: mypy[call-arg] pyright[reportCallIssue]
    EmailJob.send.using(retries="3")  # expect: mypy[arg-type] pyright[reportArgumentType]
    EmailJob.send.using(loggable=["to"])  # expect: mypy[call-arg] pyright[reportCallIssue]
    run_background_job("EmailJob", "send", retrys=3)  # expect: mypy[call-overload] pyright[reportCallIssue]
    run_background_job(EmailJob.send, retrys=3)  # expect: mypy[call-overload] pyright[reportCallIssue]


class WrongJob(JobClass):
    @job(retrys=3)  # expect: mypy[call-overload,untyped-decorator] pyright[reportCallIssue,reportUntypedFunctionDecorator]
    def misspelt(self) -> None: ...

    @job(name="x")  # expect: mypy[call-overload,untyped-decorator] pyright[reportCallIssue,reportUntypedFunctionDecorator]
    def named(self) -> None: ...

    @job  # expect: mypy[arg-type] pyright[reportArgumentType,reportCallIssue,reportUntypedFunctionDecorator]
    def selfless() -> None: ...


def a_call_on_the_class_runs_nothing() -> None:
    EmailJob.send("a")  # expect: mypy[operator] pyright[reportCallIssue]
    method: JobMethod[..., dict[str, str]] = EmailJob.send
    method.later("whatever")
    EmailJob.sent  # expect: mypy[attr-defined] pyright[reportAttributeAccessIssue,reportUnknownMemberType]
