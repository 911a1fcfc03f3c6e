"""Typed jobs: a class whose methods can be called here, and submitted with checked arguments.

    class EmailJob(JobClass):
        @job(retries=4, timeout="5m")
        def send(self, to: str, subject: str = "Hello") -> dict[str, str]: ...

    EmailJob().send("a@example.org")            # runs here, as any method
    EmailJob.send.later(to="a@example.org")     # runs in the background

Imports little of the standard library: this module is loaded in the runner image, beside user code.
"""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Generic, ParamSpec, TypeVar, overload

from backgroundjob_runner.wrapped import MethodWrapper

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
C_co = TypeVar("C_co", covariant=True)

if TYPE_CHECKING:
    from typing import Protocol, Unpack

    from backgroundjob.aio import AsyncJobMethod
    from backgroundjob.batch import Batch, Params
    from backgroundjob.handle import Handle
    from backgroundjob.job_options import CallOptions, JobDefaults
    from backgroundjob.on_commit import DeferringMethod, Transaction

    class _Decorator(Protocol):
        """What `@job(...)` returns."""

        @overload
        def __call__(
            self, function: Callable[Concatenate[S, P], Coroutine[Any, Any, R]], /
        ) -> "JobDescriptor[P, R, Coroutine[Any, Any, R]]": ...

        @overload
        def __call__(self, function: Callable[Concatenate[S, P], R], /) -> "JobDescriptor[P, R, R]": ...


class JobClass:
    """Base of classes with `@job` methods.

    `class EmailJob(JobClass, alias="Email")` is submitted and allowed as `Email`; without, by its own name.
    """

    job_class: ClassVar[str] = "JobClass"
    """The class as BackgroundJobs and the allow-list name it."""

    def __init_subclass__(cls, *, alias: str | None = None, **others: Any) -> None:
        super().__init_subclass__(**others)
        cls.job_class = alias or cls.__name__


class JobMethod(Generic[P, R_co]):
    """A method of a JobClass as something to submit: `EmailJob.send`."""

    __slots__ = ("defaults", "function", "name", "options", "owner")

    owner: type[Any]
    name: str
    function: Callable[..., Any]
    defaults: "JobDefaults"
    """What `@job` says."""
    options: "CallOptions"
    """What `using` says of the next call."""

    def __init__(
        self,
        owner: type[Any],
        name: str,
        function: Callable[..., Any],
        defaults: "JobDefaults",
        options: "CallOptions",
    ) -> None:
        self.owner = owner
        self.name = name
        self.function = function
        self.defaults = defaults
        self.options = options

    @property
    def key(self) -> str:
        """`<class>.<method>`, as the allow-list has it."""
        return f"{self.owner.job_class}.{self.name}"

    def later(self, *args: P.args, **kwargs: P.kwargs) -> "Handle[R_co]":
        """Submit a call; returns as soon as it is stored. The arguments are those of the method.

        Raises InvalidParams for arguments that do not fit the type hints, and what run_background_job raises.
        """
        from backgroundjob.typed_calls import call_of  # noqa: PLC0415  nothing of it is needed to run a job

        return call_of(self, args, kwargs).submit()

    def using(self, **options: "Unpack[CallOptions]") -> "JobMethod[P, R_co]":
        """The same method with options for the next call: those of run_background_job.

        `EmailJob.send.using(delay="10m", queue="mail").later(to="a@example.org")`
        """
        asked: CallOptions = {**self.options, **_lasting(options)}
        return JobMethod(self.owner, self.name, self.function, self.defaults, asked)

    def many(self, calls: "Iterable[Params]") -> "Batch[R_co]":
        """Submit many calls: dicts of named arguments, or tuples of positional ones.

        `EmailJob.send.many({"to": user.email} for user in users)`. All are checked before the first is
        sent. Raises BatchIncomplete when one is refused.
        """
        from backgroundjob.batch import submit_many  # noqa: PLC0415  nothing of it is needed to run a job

        return submit_many(self, calls)

    def on_commit(self, transaction: "Transaction | None" = None) -> "DeferringMethod[P, R_co]":
        """Submit when the transaction commits, and never when it rolls back.

        None is Django's current one, a text a database alias of Django, else a Session of SQLAlchemy.
        """
        from backgroundjob.on_commit import DeferringMethod  # noqa: PLC0415  nothing of it is needed to run a job

        return DeferringMethod(self, transaction)

    @property
    def aio(self) -> "AsyncJobMethod[P, R_co]":
        """The same to be awaited: `await EmailJob.send.aio.later(to="a@example.org")`."""
        from backgroundjob.aio import AsyncJobMethod  # noqa: PLC0415  asyncio is not for everybody

        return AsyncJobMethod(self)

    if not TYPE_CHECKING:  # for a checker it cannot be called: then the mistake shows before it runs

        def __call__(self, *_args, **_kwargs):
            """Refuse: on the class itself, it is not clear what was meant."""
            name = f"{self.owner.__name__}.{self.name}"
            raise TypeError(
                f"{name}(...) runs nothing: {self.owner.__name__}().{self.name}(...) runs it here, "
                f"{name}.later(...) in the background"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, JobMethod):
            return NotImplemented
        return (self.owner, self.name, self.options) == (other.owner, other.name, other.options)

    def __hash__(self) -> int:
        return hash((self.owner, self.name))

    def __repr__(self) -> str:
        return f"<job {self.owner.__module__}.{self.owner.__qualname__}.{self.name}>"


class JobDescriptor(MethodWrapper, Generic[P, R_co, C_co]):
    """What `@job` leaves in the class: the method itself on an instance, a JobMethod on the class."""

    __slots__ = ("defaults", "name")

    defaults: "JobDefaults"
    name: str
    """In the class: what a decorator below `@job` returned may be called otherwise."""

    def __init__(self, function: Callable[..., Any], defaults: "JobDefaults") -> None:
        if isinstance(function, (staticmethod, classmethod, MethodWrapper)) or not hasattr(
            function, "__code__"
        ):
            kind = type(function).__name__
            raise TypeError(f"@job needs a plain method, found a {kind}: put @job on `def method(self, ...)`")
        self.function = function
        self.defaults = defaults
        self.name = function.__name__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        if self.name not in vars(owner):  # a second name of a job changes nothing
            self.name = name

    @property
    def __isabstractmethod__(self) -> bool:
        """As the function says, so that abc counts it."""
        return bool(getattr(self.function, "__isabstractmethod__", False))

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> JobMethod[P, R_co]: ...

    @overload
    def __get__(self, instance: object, owner: type[Any]) -> Callable[P, C_co]: ...

    def __get__(self, instance: object | None, owner: type[Any]) -> Any:
        if instance is not None:
            return self.function.__get__(instance, owner)
        if not hasattr(owner, "job_class"):
            raise TypeError(
                f"{owner.__name__} has a @job and is no JobClass: class {owner.__name__}(JobClass)"
            )
        return JobMethod(owner, self.name, self.function, self.defaults, {})


@overload
def job(
    function: Callable[Concatenate[S, P], Coroutine[Any, Any, R]], /
) -> JobDescriptor[P, R, Coroutine[Any, Any, R]]: ...


@overload
def job(function: Callable[Concatenate[S, P], R], /) -> JobDescriptor[P, R, R]: ...


@overload
def job(**defaults: "Unpack[JobDefaults]") -> "_Decorator": ...


def job(function: Callable[..., Any] | None = None, /, **defaults: "Unpack[JobDefaults]") -> Any:
    """Make a method of a JobClass a job: `@job`, or `@job(retries=4, timeout="5m")`.

    Options: retries, retry_delay, backoff, retry_on, fail_on, timeout, deadline, ttl, priority, queue,
    concurrency_key, unique, as run_background_job has them, sent with every submission; and `loggable`,
    names of parameters that may appear in log lines, for the allow-list. `unique` and `concurrency_key` are
    templates over the parameters: "invoice-{number}".
    """
    if function is not None:
        return JobDescriptor(function, {})
    return lambda decorated: JobDescriptor(decorated, _lasting(defaults))


def _lasting(options: Mapping[str, Any]) -> Any:
    """With tuples for iterators, which could be read for one submission alone."""
    return {name: tuple(value) if isinstance(value, Iterator) else value for name, value in options.items()}
