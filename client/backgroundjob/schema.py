"""Type hints as JSON Schema and as a check, by pydantic. Messages name parameters, never values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from backgroundjob.errors import InvalidJob, InvalidParams, NotInstalled

try:
    from pydantic import BaseModel, ConfigDict, ValidationError, create_model
    from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
    from pydantic_core import SchemaError
except ModuleNotFoundError as _error:
    raise NotInstalled(
        "the check of type hints", f"{_error.name} cannot be found", "backgroundjob[client]"
    ) from _error

from backgroundjob.jobs import JobMethod
from backgroundjob.json_hints import JsonHints, NotJson
from backgroundjob.signatures import Parameters, invalid, parameters_of, place_of


class _Params(BaseModel):
    """Strict: JSON has types, and the job gets what is sent."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        protected_namespaces=(),
        hide_input_in_errors=True,
        regex_engine="python-re",  # the operator's
    )


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the signature of a job says, worked out once."""

    parameters: Parameters
    model: type[BaseModel]


def compiled(method: JobMethod[..., Any]) -> Compiled:
    """Read the type hints. Raises InvalidJob, which names the parameter and what to write instead."""
    owner: Any = method.owner  # mypy takes no type[Any] for hashable
    return _compiled(owner, method.name, method.function)


def params_schema(method: JobMethod[..., Any]) -> dict[str, Any]:
    """The JSON Schema of the params object. Raises InvalidJob.

    A Secret is a required text: a job without its value must not run.
    """
    parameters, found = compiled(method).parameters, compiled(method).model.model_json_schema()
    rules = {
        name.removeprefix(_PREFIX): _untitled(rule) for name, rule in found.get("properties", {}).items()
    }
    rules |= {name: {"type": "string"} for name in parameters.secrets}
    required = {*(name.removeprefix(_PREFIX) for name in found.get("required", ())), *parameters.secrets}
    names = list(parameters.signature.parameters)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: rules[name] for name in names},
        "additionalProperties": False,
    }
    if required:
        schema["required"] = [name for name in names if name in required]
    if "$defs" in found:
        schema["$defs"] = _untitled(found["$defs"])
    return schema


def check_params(method: JobMethod[..., Any], params: Mapping[str, Any]) -> None:
    """Raise InvalidParams for the first parameter that does not fit its hint."""
    try:
        compiled(method).model.model_validate({_PREFIX + name: value for name, value in params.items()})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]).removeprefix(_PREFIX)
        more = f"; {error.error_count() - 1} more" if error.error_count() > 1 else ""
        raise InvalidParams(f"params.{where}", f"{_lower(first['msg'])}{more}") from None


_VALUES: Final = ("const", "default", "enum", "examples")
"""Keywords of JSON Schema that hold values of users, not rules."""
_PREFIX: Final = "param_"
"""Before each name in the model: a parameter may be called `json` or `copy`, which models have already."""


@lru_cache(maxsize=1024)
def _compiled(owner: Any, name: str, function: Callable[..., Any]) -> Compiled:
    method: JobMethod[..., Any] = JobMethod(owner, name, function, {}, {})
    parameters = parameters_of(method)
    fields: dict[str, Any] = {
        _PREFIX + name: (_read(method, name, hint), parameters.defaults.get(name, ...))
        for name, hint in parameters.hints.items()
    }
    try:
        model: type[BaseModel] = create_model(method.key, __base__=_Params, **fields)
    except (PydanticUserError, PydanticSchemaGenerationError) as error:
        raise InvalidJob(place_of(method), str(error).splitlines()[0]) from error
    except SchemaError as error:
        reason = str(error).splitlines()[-1].partition(": ")[2]
        raise InvalidJob(place_of(method), f"a rule of a Schema cannot be applied: {reason}") from error
    _check_defaults(method, model, parameters)
    return Compiled(parameters, model)


def _read(method: JobMethod[..., Any], name: str, hint: Any) -> Any:
    try:
        return JsonHints().read(hint)
    except NotJson as error:
        kind, advice = error.args
        raise invalid(
            method, f"parameter {name} is hinted {kind}, which JSON does not have", advice
        ) from None
    except NameError as error:
        problem = f"the hint of parameter {name} names {error.name}, which cannot be found"
        raise invalid(method, problem, "import it") from error


def _check_defaults(method: JobMethod[..., Any], model: type[BaseModel], parameters: Parameters) -> None:
    """A default that does not fit its own hint would be found by whoever leaves the parameter out."""
    given = {_PREFIX + name: value for name, value in parameters.defaults.items()}
    try:
        model.model_validate(given)
    except ValidationError as error:
        wrong = [one for one in error.errors() if one["loc"][0] in given]
        if wrong:
            name = str(wrong[0]["loc"][0]).removeprefix(_PREFIX)
            problem = f"the default of parameter {name} does not fit its hint"
            raise InvalidJob(place_of(method), problem, _lower(wrong[0]["msg"])) from None


def _untitled(rule: Any) -> Any:
    """Without the titles that pydantic makes of names, but with a property called `title`."""
    if isinstance(rule, list):
        return [_untitled(one) for one in rule]
    if not isinstance(rule, dict):
        return rule
    return {
        key: (
            {name: _untitled(inner) for name, inner in value.items()}
            if key == "properties"
            else value
            if key in _VALUES
            else _untitled(value)
        )
        for key, value in rule.items()
        if key != "title" or not isinstance(value, str)
    }


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
