"""`run_background_job`: submit a job by name, or by the typed method itself."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from backgroundjob.backends import Backend, select_backend
from backgroundjob.errors import InvalidSpec
from backgroundjob.handle import Handle
from backgroundjob.job_options import JobOptions, local_defaults, options_of
from backgroundjob.jobs import JobClass, JobMethod
from backgroundjob.manifest import Params, backgroundjob_manifest
from backgroundjob.signatures import methods_of

if TYPE_CHECKING:
    from typing import Unpack

    from backgroundjob.job_options import CallOptions

P = ParamSpec("P")
R = TypeVar("R")


@overload
def run_background_job(
    method: JobMethod[P, R], params: Params = None, /, **options: "Unpack[CallOptions]"
) -> Handle[R]: ...


@overload
def run_background_job(
    class_: str | type[JobClass], method: str, params: Params = None, **options: "Unpack[CallOptions]"
) -> Handle[Any]: ...


def run_background_job(
    class_: str | type[JobClass] | JobMethod[..., Any],
    method: str | Params = None,
    params: Params = None,
    **options: "Unpack[CallOptions]",
) -> Handle[Any]:
    """Submit `class_.method(params)` and return at once; the job runs elsewhere.

        handle = run_background_job("EmailJob", "send", {"to": "a@example.org"}, retries=3, delay="10m")
        handle.wait(timeout=60).result

    `class_` is the class as the allow-list names it: an alias, or the dotted import path. A typed job may
    stand for both names, `run_background_job(EmailJob.send, {"to": "a@example.org"})`: then type hints are
    checked too, and the options of `@job` apply. A dict gives named parameters, a list or tuple positional
    ones. An option left out is decided by the allow-list entry, then by the operator's configuration.
    Durations are seconds, a text such as "90s", "10m", "1h30m", or a timedelta.

    name         of the object, a DNS label. Submitting it again returns the existing job when it asks
                 for the same, and raises NameConflict when not. Left out: `email-job-send-x7k2p`.
    namespace    left out: the one of the kubeconfig context, or of the pod.
    unique       a template for the name, such as "invoice-{id}": one job per value of the parameter.
    retries      attempts after the first (the object's retry.maxAttempts is one more).
    retry_delay  before the first retry; `backoff` says how it grows: Fixed, Linear or Exponential.
    delay        not before this much later; or `run_at`, an aware datetime.
    priority     -1000 to 1000, higher first, or a name: high, medium, low.
    queue        whose limits apply.
    timeout      of one attempt.
    retry_on     exceptions worth another attempt, as classes or names; `fail_on`: those that are not.
                 Subclasses match; `fail_on` wins.
    depends_on   jobs that must succeed first: names, handles, or "name:Finished" for any end.
    concurrency_key  of jobs with the same key, one runs at a time.
    deadline     from now to the end of everything, waiting included; `ttl`: how long the finished job stays.
    params_from  parameters from Secrets of the namespace: {"token": "secret-name/key"}.
    suspend      store the job, and start nothing until `Handle.resume()`.
    backend      "cluster", "local", "inline" or a Backend. Left out: BACKGROUNDJOB_BACKEND, else the cluster
                 where there is a kubeconfig or an in-cluster token, else this machine.

    In local mode DEFAULT_RETRY_ATTEMPTS, DEFAULT_DELAY and DEFAULT_PRIORITY stand in for `retries`,
    `delay` and `priority`. Raises SubmitError, AccessDenied, BackendUnavailable, NotInstalled.
    """
    if isinstance(class_, JobMethod):
        return _submit_typed(class_, params if method is None else method, options)
    if isinstance(class_, type):
        return _submit_typed(_job_of(class_, method), params, options)
    asked, backend = options_of(options)
    return submit(class_, method, params, asked, select_backend(backend))


def _job_of(owner: type[JobClass], name: object) -> JobMethod[..., Any]:
    for one in methods_of(owner):
        if one.name == name:
            return one
    jobs = ", ".join(one.name for one in methods_of(owner)) or "none"
    raise InvalidSpec("method", f"is {name!r:.80}; the jobs of {owner.__name__} are: {jobs}")


def _submit_typed(method: JobMethod[..., Any], params: Any, options: Mapping[str, Any]) -> Handle[Any]:
    from backgroundjob.typed_calls import call_of, split_arguments  # noqa: PLC0415  needs pydantic

    return call_of(method.using(**options), *split_arguments(params)).submit()


def submit(class_: str, method: Any, params: Params, options: JobOptions, backend: Backend) -> Handle[Any]:
    """Submit to this backend. What `run_background_job` and the CLI share."""
    options = with_backend_defaults(options, backend)
    return Handle.of(backend, backend.submit(backgroundjob_manifest(class_, method, params, options)))


def with_backend_defaults(options: JobOptions, backend: Backend) -> JobOptions:
    """The options as `submit` sends them: local mode fills some from the environment."""
    return options.with_defaults_of(local_defaults()) if backend.name == "local" else options
