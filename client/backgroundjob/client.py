"""`run_background_job`: submit a job by name."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from backgroundjob.api.reasons import Backoff
from backgroundjob.backends import Backend, select_backend
from backgroundjob.durations import Duration
from backgroundjob.handle import Handle
from backgroundjob.job_options import Dependency, ExceptionKind, JobOptions, local_defaults
from backgroundjob.manifest import Params, backgroundjob_manifest


def run_background_job(
    class_: str,
    method: str,
    params: Params = None,
    *,
    name: str | None = None,
    namespace: str | None = None,
    unique: str | None = None,
    retries: int | None = None,
    retry_delay: Duration | None = None,
    backoff: Backoff | str | None = None,
    delay: Duration | None = None,
    run_at: datetime | None = None,
    priority: int | str | None = None,
    queue: str | None = None,
    timeout: Duration | None = None,
    retry_on: Iterable[ExceptionKind] | None = None,
    fail_on: Iterable[ExceptionKind] | None = None,
    depends_on: Iterable[Dependency] | None = None,
    concurrency_key: str | None = None,
    deadline: Duration | None = None,
    ttl: Duration | None = None,
    params_from: Mapping[str, str] | None = None,
    suspend: bool = False,
    backend: Backend | str | None = None,
) -> Handle[Any]:
    """Submit `class_.method(params)` and return at once; the job runs elsewhere.

        handle = run_background_job("EmailJob", "send", {"to": "a@example.org"}, retries=3, delay="10m")
        handle.wait(timeout=60).result

    A dict gives named parameters, a list or tuple positional ones. An option left out is decided by
    the allow-list entry, then by the operator's configuration. Durations are seconds, a text such as
    "90s", "10m", "1h30m", or a timedelta.

    name         of the object, a DNS label. Submitting it again returns the existing job when it asks
                 for the same, and raises NameConflict when not. Left out: `email-job-send-x7k2p`.
    unique       a template for the name, such as "invoice-{id}": one job per value of the parameter.
    retries      attempts after the first (the object's retry.maxAttempts is one more).
    retry_delay  before the first retry; `backoff` says how it grows: Fixed, Linear or Exponential.
    delay        not before this much later; or `run_at`, an aware datetime.
    priority     -1000 to 1000, higher first, or a name: high, medium, low.
    queue        whose limits apply.
    timeout      of one attempt.
    retry_on     exceptions worth another attempt, as classes or names; `fail_on`: those that are not.
    depends_on   jobs that must succeed first: names, handles, or "name:Finished" for any end.
    concurrency_key  of jobs with the same key, one runs at a time.
    deadline     from now to the end of everything, waiting included; `ttl`: how long the finished job stays.
    params_from  parameters from Secrets of the namespace: {"token": "secret-name/key"}.
    suspend      store the job, and start nothing until `Handle.resume()`.
    backend      "cluster", "local" or a Backend. Left out: BACKGROUNDJOB_BACKEND, else the cluster
                 where there is a kubeconfig or an in-cluster token, else this machine.

    In local mode DEFAULT_RETRY_ATTEMPTS, DEFAULT_DELAY and DEFAULT_PRIORITY stand in for `retries`,
    `delay` and `priority`. Raises SubmitError, AccessDenied, BackendUnavailable, NotInstalled.
    """
    options = JobOptions(
        name=name,
        namespace=namespace,
        unique=unique,
        retries=retries,
        retry_delay=retry_delay,
        backoff=backoff,
        delay=delay,
        run_at=run_at,
        priority=priority,
        queue=queue,
        timeout=timeout,
        retry_on=retry_on,
        fail_on=fail_on,
        depends_on=depends_on,
        concurrency_key=concurrency_key,
        deadline=deadline,
        ttl=ttl,
        params_from=params_from,
        suspend=suspend,
    )
    return submit(class_, method, params, options, select_backend(backend))


def submit(class_: str, method: str, params: Params, options: JobOptions, backend: Backend) -> Handle[Any]:
    """Submit to this backend. What `run_background_job` and the CLI share."""
    options = with_backend_defaults(options, backend)
    return Handle.of(backend, backend.submit(backgroundjob_manifest(class_, method, params, options)))


def with_backend_defaults(options: JobOptions, backend: Backend) -> JobOptions:
    """The options as `submit` sends them: local mode fills some from the environment."""
    return options.with_defaults_of(local_defaults()) if backend.name == "local" else options
