"""Everything this library raises on purpose, as one tree.

    BackgroundJobError
    ├── SubmitError            the job was not accepted; nothing was started
    │   ├── InvalidParams      params or args: size, depth, type, names
    │   ├── InvalidSpec        another field, found here or by the API server
    │   ├── NotAllowed         the allow-list or an admission policy refuses it
    │   ├── NameConflict       the name is taken by a job that asks for something else
    │   └── BatchIncomplete    many(): some jobs were submitted before one was refused
    ├── NotFound               no such BackgroundJob (any more)
    ├── StillRunning           it has not finished, in the time given or yet; it goes on
    ├── JobFailed              it finished without success
    │   ├── JobCancelled       somebody cancelled it
    │   └── JobRejected        the operator refused it; nothing ran
    ├── InvalidJob             code that defines a job breaks a rule: a type hint, an option
    ├── NotCommitted           its handle was asked for before the transaction had committed
    ├── NotPossible            it is in the wrong state for cancel, suspend or retry
    ├── Conflict               somebody else changed it at the same moment
    ├── LogsUnavailable        there is no pod, or no log, to read
    ├── AccessDenied           the API server does not let this user do it
    ├── BackendUnavailable     the backend cannot be reached or is not set up
    └── NotInstalled           an optional part of this distribution is missing

Each carries its data as fields; `message` says what is wrong, `next_step` what to do about it,
and `str()` both. All survive pickling, so they may cross process borders.
This module is longer than 250 lines because the tree is read as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class BackgroundJobError(Exception):
    """Base of all errors of this library."""

    @property
    def message(self) -> str:
        """What is wrong, in one sentence without a full stop."""
        return "the background job library failed"

    @property
    def next_step(self) -> str:
        """What to do about it; empty when there is nothing to advise."""
        return ""

    def __str__(self) -> str:
        return f"{self.message}; {self.next_step}" if self.next_step else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.__dict__.copy())


def _rebuild(kind: type[BackgroundJobError], fields: dict[str, Any]) -> BackgroundJobError:
    error = kind.__new__(kind)
    error.__dict__.update(fields)
    return error


class SubmitError(BackgroundJobError):
    """The job was not accepted; nothing was started."""


@dataclass(eq=False)
class InvalidParams(SubmitError):
    """The parameters cannot be sent, or the API server refuses them."""

    param: str
    """Path of the value, such as `params.items[3]`, never the value itself; empty when a policy gave none."""
    problem: str

    @property
    def message(self) -> str:
        """The parameter and what is wrong with it."""
        return f"{self.param} {self.problem}".strip()


@dataclass(eq=False)
class InvalidSpec(SubmitError):
    """A field other than the parameters is wrong."""

    field: str
    """Option or field path; empty when the API server did not name one."""
    problem: str

    @property
    def message(self) -> str:
        """The field and what is wrong with it."""
        return f"{self.field} {self.problem}".strip()


@dataclass(eq=False)
class NotAllowed(SubmitError):
    """An admission policy refuses the job, most often because the allow-list does not name it."""

    target: str
    """`Class.method`."""
    problem: str
    """The policy's own sentence."""

    @property
    def message(self) -> str:
        """The policy's sentence, with the target where the sentence lacks it."""
        return self.problem if self.target in self.problem else f"{self.target}: {self.problem}"

    @property
    def next_step(self) -> str:
        """Who can change it."""
        return "the administrator allows methods in the ConfigMap backgroundjob-allow-list"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which a submitted job and the existing one of its name differ."""

    field: str
    asked: Any
    existing: Any

    def __str__(self) -> str:
        """Both values, but those of parameters: errors end up in logs, and parameters may be private."""
        if self.field.split(".")[0].split("[")[0] in ("params", "args"):
            return f"{self.field}: another value"
        return f"{self.field}: asked {_brief(self.asked)}, exists {_brief(self.existing)}"


@dataclass(eq=False)
class NameConflict(SubmitError):
    """The name is taken by a job that asks for something else."""

    namespace: str
    name: str
    differences: Sequence[Difference]

    @property
    def message(self) -> str:
        """Every field that differs, with both values; of parameters only the names."""
        shown = "; ".join(str(difference) for difference in self.differences)
        return f"{self.namespace}/{self.name} exists and differs: {shown}"

    @property
    def next_step(self) -> str:
        """The two ways out."""
        return "choose another name, or delete the existing job first"


@dataclass(eq=False)
class BatchIncomplete(SubmitError):
    """`many()` could not submit all. What was submitted runs; `__cause__` says what stopped it."""

    handles: Sequence[Any]
    """Handles of the jobs that were submitted, in order."""
    total: int
    problem: str

    @property
    def message(self) -> str:
        """How many were submitted, and why no more."""
        return f"{len(self.handles)} of {self.total} jobs were submitted: {self.problem}"

    @property
    def next_step(self) -> str:
        """How to go on without doing anything twice."""
        return f"go on from number {len(self.handles)}; with unique=, submitting all again starts none twice"


@dataclass(eq=False)
class NotFound(BackgroundJobError):
    """No such object. `kind` is `BackgroundJob` unless it says otherwise."""

    namespace: str
    name: str
    kind: str = "BackgroundJob"

    @property
    def message(self) -> str:
        """The object that is missing."""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place} not found"

    @property
    def next_step(self) -> str:
        """Where to look."""
        if self.kind == "Namespace":
            return "list them with: kubectl get namespaces; --namespace names another"
        return "list them with: bgjob list --all-namespaces" if self.kind == "BackgroundJob" else ""


@dataclass(eq=False)
class StillRunning(BackgroundJobError, TimeoutError):
    """It has not finished. The job itself goes on."""

    namespace: str
    name: str
    state: str
    reason: str = ""
    timeout_seconds: float | None = None
    """How long was waited; None when nobody waited."""

    @property
    def message(self) -> str:
        """Where the job stands, and the time given."""
        stands = f"{self.namespace}/{self.name} is still {self.state}"
        stands += f" ({self.reason})" if self.reason else ""
        if self.timeout_seconds is None:
            return f"{stands} and has no result yet"
        return f"{stands} after {self.timeout_seconds:g} s; it goes on"

    @property
    def next_step(self) -> str:
        """How to learn more."""
        return f"what it waits for: bgjob why {self.name} --namespace {self.namespace}"


@dataclass(eq=False, kw_only=True)
class JobFailed(BackgroundJobError):
    """It finished without success: failed, cancelled or rejected."""

    namespace: str
    name: str
    state: str
    reason: str = ""
    detail: str = ""
    """status.message."""
    attempts: int = 0
    exception_type: str = ""
    """Of the last attempt that raised one, such as `smtplib.SMTPServerDisconnected`."""
    exception_message: str = ""
    traceback: str = ""

    @property
    def message(self) -> str:
        """State, reason, and the exception or the operator's sentence."""
        reason = f" ({self.reason})" if self.reason else ""
        cause = f"{self.exception_type}: {self.exception_message}" if self.exception_type else self.detail
        return f"{self.namespace}/{self.name} {self.state}{reason}" + (f": {cause}" if cause else "")


class JobCancelled(JobFailed):
    """Somebody cancelled it."""


class JobRejected(JobFailed):
    """The operator refused it: not allowed, or parameters that do not fit. Nothing ran."""


@dataclass(eq=False)
class InvalidJob(BackgroundJobError, TypeError):
    """Code that defines a job breaks a rule."""

    job: str
    """`module:Class.method`."""
    problem: str
    advice: str = ""

    @property
    def message(self) -> str:
        """The method and what is wrong with it."""
        return f"{self.job}: {self.problem}"

    @property
    def next_step(self) -> str:
        """How to mend it."""
        return self.advice


@dataclass(eq=False)
class NotCommitted(BackgroundJobError):
    """A handle was asked for before the transaction had committed."""

    key: str
    """`Class.method`."""

    @property
    def message(self) -> str:
        """The job."""
        return f"{self.key} is not submitted: its transaction has not committed, or sending it failed"

    @property
    def next_step(self) -> str:
        """When to ask."""
        return "ask for the handle after the commit"


@dataclass(eq=False)
class NotPossible(BackgroundJobError):
    """The job is in the wrong state for what was asked."""

    namespace: str
    name: str
    verb: str
    """`cancel`, `suspend` or `retry`."""
    state: str
    problem: str

    @property
    def message(self) -> str:
        """The job, its state, and why the verb does not fit."""
        return f"{self.namespace}/{self.name} is {self.state}: {self.problem}"

    @property
    def next_step(self) -> str:
        """What would fit."""
        ended = "to run it again: bgjob retry"
        return f"{'wait for its end, or first: bgjob cancel' if self.verb == 'retry' else ended} {self.name}"


@dataclass(eq=False)
class Conflict(BackgroundJobError):
    """The object was changed between reading and writing it, several times over."""

    namespace: str
    name: str

    @property
    def message(self) -> str:
        """The object."""
        return f"{self.namespace}/{self.name} was changed by somebody else at the same moment"

    @property
    def next_step(self) -> str:
        """The way out."""
        return "try again"


@dataclass(eq=False)
class LogsUnavailable(BackgroundJobError):
    """There is no pod, or no log, to read."""

    namespace: str
    name: str
    problem: str
    advice: str = ""

    @property
    def message(self) -> str:
        """The job and why it has no log."""
        return f"{self.namespace}/{self.name} has no log to read: {self.problem}"

    @property
    def next_step(self) -> str:
        """Where else the lines may be, when known."""
        return self.advice


@dataclass(eq=False)
class AccessDenied(BackgroundJobError):
    """The API server does not let this user do it."""

    problem: str
    """The server's own sentence; it names user, verb and resource."""
    advice: str = (
        "ask for a binding to the ClusterRole backgroundjob-edit, or backgroundjob-view to read, there"
    )

    @property
    def message(self) -> str:
        """The server's sentence."""
        return self.problem

    @property
    def next_step(self) -> str:
        """What is needed."""
        return self.advice


@dataclass(eq=False)
class BackendUnavailable(BackgroundJobError):
    """The backend cannot be reached or is not set up."""

    backend: str
    problem: str
    advice: str = ""

    @property
    def message(self) -> str:
        """The backend and what is wrong with it."""
        return f"backend {self.backend!r} is unavailable: {self.problem}"

    @property
    def next_step(self) -> str:
        """How to repair it, when known."""
        return self.advice


@dataclass(eq=False)
class NotInstalled(BackgroundJobError):
    """An optional part of this distribution is missing."""

    what: str
    problem: str
    """What was not found, such as a module."""
    requirement: str = ""
    """What to install, such as `backgroundjob[local]`; empty when nothing known offers it."""

    @property
    def message(self) -> str:
        """What was asked for and what it lacks."""
        return f"{self.what} is not installed: {self.problem}"

    @property
    def next_step(self) -> str:
        """The command that installs it."""
        return f"pip install '{self.requirement}'" if self.requirement else ""


_SHOWN_CHARACTERS = 60


def _brief(value: Any) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
