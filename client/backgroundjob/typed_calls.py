"""A call of a typed job, ready to submit: arguments bound and checked, options merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backgroundjob.backends import Backend, select_backend
from backgroundjob.client import submit
from backgroundjob.errors import InvalidParams
from backgroundjob.handle import Handle
from backgroundjob.hints import Secret
from backgroundjob.job_options import JobOptions, options_of
from backgroundjob.jobs import JobMethod
from backgroundjob.manifest import backgroundjob_manifest, checked_concurrency_key
from backgroundjob.names import filled_in
from backgroundjob.params import param_name, split_params
from backgroundjob.schema import check_params, compiled
from backgroundjob.signatures import Parameters, bind


@dataclass(frozen=True, slots=True)
class TypedCall:
    """What one `later` asks for."""

    method: JobMethod[..., Any]
    params: Mapping[str, Any]
    options: JobOptions
    backend: Backend | str | None

    def checked(self) -> "TypedCall":
        """The same, for who submits it later: its options can be sent. Raises InvalidSpec."""
        backgroundjob_manifest(self.method.owner.job_class, self.method.name, self.params, self.options)
        return self

    def submit(self) -> Handle[Any]:
        """Send it. Raises SubmitError, AccessDenied, BackendUnavailable, NotInstalled."""
        backend = select_backend(self.backend)
        return submit(self.method.owner.job_class, self.method.name, self.params, self.options, backend)


def call_of(method: JobMethod[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> TypedCall:
    """The call, checked against the type hints. Raises InvalidParams, InvalidSpec, InvalidJob."""
    parameters = compiled(method).parameters
    bound = bind(method, parameters, args, kwargs)
    secrets = _secrets(parameters, {name: bound.pop(name) for name in parameters.secrets if name in bound})
    params, _ = split_params(bound)
    check_params(method, params)
    # What may be logged is the allow-list's to say, of every call.
    defaults = {name: value for name, value in method.defaults.items() if name != "loggable"}
    options, backend = options_of({**defaults, **method.options})
    given = {**parameters.defaults, **params}
    return TypedCall(method, params, completed(options, given, secrets), backend)


def split_arguments(params: Any) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Positional and named arguments, from a dict, a list or tuple, or None. Raises InvalidParams."""
    if isinstance(params, Mapping):
        return (), {param_name(key): value for key, value in params.items()}
    if isinstance(params, (list, tuple, type(None))):
        return params or (), {}
    kind = type(params).__name__
    raise InvalidParams("params", f"is a {kind}; give a dict, or a list or tuple of positional values")


def completed(options: JobOptions, given: Mapping[str, Any], secrets: Mapping[str, str]) -> JobOptions:
    """Templates filled in, defaults of parameters included; references of secrets added."""
    sources = {**secrets, **(options.params_from or {})}
    key = options.concurrency_key
    return replace(
        options,
        unique=None if options.unique is None else escaped(filled_in("unique", options.unique, given, ())),
        concurrency_key=None if key is None else _concurrency_key(key, given),
        params_from=sources or None,
    )


def _concurrency_key(template: str, given: Mapping[str, Any]) -> str:
    key = filled_in("concurrency_key", template, given, ())
    return checked_concurrency_key(key, f"is no key once {template!r:.80} is filled in")


def _secrets(parameters: Parameters, passed: Mapping[str, Any]) -> dict[str, str]:
    """Where each Secret comes from. A value is refused: it would be stored in the object for all to read."""
    found = {name: source for name, source in parameters.secrets.items() if source}
    for name, value in passed.items():
        if not isinstance(value, Secret) or not value.reference:
            raise InvalidParams(
                f"params.{name}", "is a Secret: pass Secret.ref('secret-name/key'), not a value"
            )
        found[name] = value.reference
    return found


def escaped(text: str) -> str:
    """A finished text as a template of itself."""
    return text.replace("{", "{{").replace("}", "}}")
