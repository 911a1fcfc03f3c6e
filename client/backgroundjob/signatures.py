"""The signature of a job: which arguments a call binds, and what they are hinted."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from backgroundjob.errors import InvalidJob, InvalidParams
from backgroundjob.hints import Secret
from backgroundjob.jobs import JobMethod


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a job, `self` left out."""

    hints: Mapping[str, Any]
    """Of what the caller passes, in order."""
    defaults: Mapping[str, Any]
    """Of those, what the method fills in by itself."""
    secrets: Mapping[str, str]
    """Parameters hinted Secret, with their default reference; empty without one."""
    signature: inspect.Signature


def parameters_of(method: JobMethod[..., Any]) -> Parameters:
    """Read the signature. Raises InvalidJob, which names the parameter and what to write instead."""
    found = list(inspect.signature(method.function).parameters.values())[1:]
    try:
        resolved = get_type_hints(method.function, include_extras=True)
    except NameError as error:
        raise invalid(
            method, f"a type hint names {error.name}, which cannot be found", "import it"
        ) from error
    hints: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for parameter in found:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise invalid(
                method, f"parameter {parameter.name} has no name to give it by", "remove *, ** and /"
            )
        if parameter.name not in resolved:
            advice = f"write {parameter.name}: str, or whatever it is"
            raise invalid(method, f"parameter {parameter.name} has no type hint", advice)
        hint = resolved[parameter.name]
        if hint is Secret:
            default = parameter.default
            secrets[parameter.name] = default.reference if isinstance(default, Secret) else ""
            continue
        hints[parameter.name] = hint
    defaults = {one.name: one.default for one in found if one.default is not one.empty and one.name in hints}
    return Parameters(hints, defaults, secrets, inspect.Signature(found))


def bind(
    method: JobMethod[..., Any], parameters: Parameters, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments by name. Raises InvalidParams, which says what the method takes."""
    try:
        return dict(parameters.signature.bind(*args, **kwargs).arguments)
    except TypeError as error:
        takes = f"{method.key} takes {parameters.signature}"
        missing = [name for name in parameters.secrets if f"'{name}'" in str(error)]
        if missing:
            takes = f"give {missing[0]}=Secret.ref('secret-name/key')"
        raise InvalidParams("params", f"do not fit: {error}; {takes}") from error


def invalid(method: JobMethod[..., Any], problem: str, advice: str) -> InvalidJob:
    """The error about this method."""
    return InvalidJob(place_of(method), problem, advice)


def place_of(method: JobMethod[..., Any]) -> str:
    """`module:Class.method`."""
    return f"{method.owner.__module__}:{method.owner.__qualname__}.{method.name}"


def methods_of(owner: type[Any]) -> Sequence[JobMethod[..., Any]]:
    """The jobs of a class, inherited ones included, in order of definition."""
    names = {name: None for base in reversed(owner.__mro__) for name in vars(base)}
    found = (getattr(owner, name) for name in names if not name.startswith("_"))
    return [one for one in found if isinstance(one, JobMethod)]
