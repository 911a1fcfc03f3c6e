"""The signature of a job: which arguments a call binds, and which hints may stand there."""

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from backgroundjob.errors import InvalidJob, InvalidParams
from backgroundjob.hints import Secret
from backgroundjob.jobs import JobMethod

_PLAIN: Final = (str, int, float, bool, type(None), Any, list, dict, object)
_ADVICE: Final = {
    "date": "take a str and call date.fromisoformat in the method",
    "datetime": "take a str and call datetime.fromisoformat in the method",
    "UUID": "take a str and call UUID in the method",
    "Decimal": "take a str and call Decimal in the method",
    "bytes": "take a str, such as base64, or the address of the data",
    "tuple": "take a list: JSON has no other sequence",
    "set": "take a list: JSON has no other sequence",
    "frozenset": "take a list: JSON has no other sequence",
}
_ACCEPTED: Final = (
    "str, int, float, bool, None, list, dict[str, …], Literal, TypedDict, unions of them, or Secret"
)


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
        raise _invalid(
            method, f"a type hint names {error.name}, which cannot be found", "import it"
        ) from error
    hints: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for parameter in found:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise _invalid(
                method, f"parameter {parameter.name} has no name to give it by", "remove *, ** and /"
            )
        if parameter.name not in resolved:
            advice = f"write {parameter.name}: str, or whatever it is"
            raise _invalid(method, f"parameter {parameter.name} has no type hint", advice)
        hint = resolved[parameter.name]
        if hint is Secret:
            default = parameter.default
            secrets[parameter.name] = default.reference if isinstance(default, Secret) else ""
            continue
        _check_hint(method, parameter.name, hint)
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


def _check_hint(method: JobMethod[..., Any], name: str, hint: Any) -> None:
    """Only what JSON gives back as it was: the job gets JSON's values, nothing converts them."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint in _PLAIN or is_typeddict(hint) or origin is Literal:
        return
    if origin is Annotated:
        _check_hint(method, name, inner[0])
    elif origin in (Union, types.UnionType, list):
        for one in inner:
            _check_hint(method, name, one)
    elif origin is dict and inner[0] is str:
        _check_hint(method, name, inner[1])
    else:
        kind = getattr(origin or hint, "__name__", str(hint))
        advice = _ADVICE.get(kind, f"accepted are {_ACCEPTED}")
        raise _invalid(method, f"parameter {name} is hinted {kind}, which JSON does not have", advice)


def _invalid(method: JobMethod[..., Any], problem: str, advice: str) -> InvalidJob:
    return InvalidJob(place_of(method), problem, advice)


def place_of(method: JobMethod[..., Any]) -> str:
    """`module:Class.method`."""
    return f"{method.owner.__module__}:{method.owner.__qualname__}.{method.name}"


def methods_of(owner: type[Any]) -> Sequence[JobMethod[..., Any]]:
    """The jobs of a class, inherited ones included, in order of definition."""
    names = {name: None for base in reversed(owner.__mro__) for name in vars(base)}
    found = (getattr(owner, name) for name in names if not name.startswith("_"))
    return [one for one in found if isinstance(one, JobMethod)]


Function = Callable[..., Any]
