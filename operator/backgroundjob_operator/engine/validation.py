"""Params against the JSON Schema of an allow-list entry. Messages name fields and rules, never values."""

import difflib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from backgroundjob.api.json_depth import depth_of
from backgroundjob.api.limits import EXACT_INTEGER_MAX, PARAMS_LIMIT_BYTES, PARAMS_LIMIT_DEPTH
from backgroundjob_operator.engine.formats import FORMATS

_CLOSING_KEYWORDS = ("additionalProperties", "patternProperties", "unevaluatedProperties")
_NAME_SHOWN_CHARACTERS = 80
"""A message quotes names that the user chose; no name is worth more of the 1,024 characters of a status."""


class InvalidSchema(ValueError):
    """The params of an allow-list entry are not a usable JSON Schema."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the params: where, and what is accepted there."""

    field: str
    accepts: str

    def __str__(self) -> str:
        return f"{self.field} {self.accepts}"


class ParamsSchema:
    """A compiled `params` schema. Unknown parameters are refused unless the schema says otherwise."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        closed = dict(schema)
        if not any(keyword in closed for keyword in _CLOSING_KEYWORDS):
            closed["additionalProperties"] = False
        try:
            _check_keys(closed, "params")
            Draft202012Validator.check_schema(closed)
        except SchemaError as error:
            raise InvalidSchema(f"params.{error.json_path[2:] or 'schema'}: {error.message}") from error
        except RecursionError as error:
            raise InvalidSchema("params: nested too deeply, or contains itself") from error
        self._schema = closed
        self.names: Sequence[str] = tuple(closed.get("properties", {}))
        self._properties: Mapping[str, Any] = closed.get("properties", {})
        self._validator = _validator(closed)

    def problems(
        self, params: Mapping[str, Any], *, assume_present: Collection[str] = ()
    ) -> tuple[Problem, ...]:
        """What is wrong with the params, at most five problems, in the order of their fields.

        `assume_present` names parameters that come from Secrets: they count as given, their values unseen.
        """
        validator = self._blind_to(assume_present) if assume_present else self._validator
        given = {**params, **dict.fromkeys(assume_present, "")}
        try:
            errors = sorted(validator.iter_errors(given), key=lambda error: error.json_path)
        except Unresolvable as error:
            return (
                Problem("params", f"cannot be checked: the schema refers to {error.ref}, which it lacks"),
            )
        except RecursionError:
            return (Problem("params", "cannot be checked: the schema refers to itself without end"),)
        # Other keywords than `properties` may still look at the stand-in for a secret value.
        seen = (error for error in errors if not set(list(error.absolute_path)[:1]) & set(assume_present))
        return tuple(problem for error in seen for problem in self._explain(error))[:5]

    def _blind_to(self, names: Collection[str]) -> Draft202012Validator:
        unseen = {name: True for name in names if name in self._properties}
        return _validator({**self._schema, "properties": {**self._properties, **unseen}})

    def coerced(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Params as the schema types them: JSON has one kind of number, so 1.0 may come as 1."""
        return {name: self._coerce(name, value) for name, value in params.items()}

    def _coerce(self, name: str, value: Any) -> Any:
        rule = self._properties.get(name)
        wanted = rule.get("type") if isinstance(rule, Mapping) else None
        types = {wanted} if isinstance(wanted, str) else set(wanted or ())
        if type(value) is int and "number" in types and "integer" not in types:
            return float(value) if abs(value) <= EXACT_INTEGER_MAX else value
        if type(value) is float and "integer" in types and "number" not in types:
            return int(value)
        return value

    def _explain(self, error: ValidationError) -> Iterable[Problem]:
        # The library's types allow anything here; these two keywords always meet an object.
        instance, schema = cast("Mapping[str, Any]", error.instance), cast("Mapping[str, Any]", error.schema)
        if error.validator == "required":
            return [
                Problem(f"{_path(error)}.{name}", "is missing")
                for name in schema["required"]
                if name not in instance
            ]
        if error.validator == "additionalProperties":
            known = tuple(schema.get("properties") or {})
            patterns = tuple(schema.get("patternProperties") or {})
            unknown = [
                name
                for name in instance
                if name not in known and not any(re.search(pattern, name) for pattern in patterns)
            ]
            return [Problem(f"{_path(error)}.{_shown(name)}", _unknown(name, known)) for name in unknown]
        rule = json.dumps(error.validator_value, default=str)
        return [Problem(_path(error), f"breaks the schema's rule {error.validator}: {rule[:200]}")]


def _validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    # An empty registry: a $ref to another host is an error, never a download.
    return Draft202012Validator(schema, registry=Registry(), format_checker=FORMATS)


def bind_args(names: Sequence[str], args: Sequence[Any], params: Mapping[str, Any]) -> dict[str, Any] | str:
    """Params with positional arguments bound to names by the schema's order, or a sentence why not."""
    if len(args) > len(names):
        return f"args has {len(args)} values; the method takes {len(names)}: {', '.join(names) or 'none'}"
    bound = dict(zip(names, args, strict=False))
    twice = sorted(bound.keys() & params.keys())
    if twice:
        return f"params.{_shown(twice[0])} is given twice: by name in params and by position in args"
    return bound | dict(params)


def size_problem(params: Mapping[str, Any], args: Sequence[Any]) -> str | None:
    """Why params and args are too large for an invocation, or None."""
    # Each alone, as the client measures them; what is not given costs nothing.
    found = sum(_json_bytes(part) for part in (params, args) if part)
    if found <= PARAMS_LIMIT_BYTES:
        return None
    return (
        f"params and args are {found} bytes serialised, at most {PARAMS_LIMIT_BYTES} are accepted; "
        "put large data into storage and pass its address"
    )


def depth_problem(params: Mapping[str, Any], args: Sequence[Any]) -> str | None:
    """Why params or args are nested too deeply, or None."""
    # The containers themselves are the first level of each, as the client and the shape policy count.
    if max(depth_of(params), depth_of(list(args))) <= PARAMS_LIMIT_DEPTH:
        return None
    return f"params and args may be nested at most {PARAMS_LIMIT_DEPTH} levels deep; flatten them"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a typing error most likely meant."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)), None)


def _json_bytes(value: object) -> int:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    # Half of a surrogate pair is no Unicode text; the API server never lets one through, a file may.
    return len(text.encode("utf-8", "surrogatepass"))


def _check_keys(schema: object, path: str) -> None:
    """Refuse keys that YAML read as something else: `on` is true and `1` a number unless quoted."""
    children: Iterable[tuple[str, object]] = ()
    if isinstance(schema, Mapping):
        odd = [key for key in schema if not isinstance(key, str)]
        if odd:
            raise InvalidSchema(f"{path}: the key {odd[0]!r} is not text; put it in quotes")
        children = ((f"{path}.{key}", value) for key, value in schema.items())
    elif isinstance(schema, list | tuple):
        children = ((f"{path}[{index}]", value) for index, value in enumerate(schema))
    for inner, value in children:
        _check_keys(value, inner)


def _shown(name: str) -> str:
    return name if len(name) <= _NAME_SHOWN_CHARACTERS else name[:_NAME_SHOWN_CHARACTERS] + "…"


def _unknown(name: str, known: Sequence[str]) -> str:
    meant = nearest(name, known)
    if meant:
        return f"is not a parameter of this method; did you mean {meant}?"
    return f"is not a parameter of this method; accepted: {', '.join(known) or 'none'}"


def _path(error: ValidationError) -> str:
    return "params" + "".join(
        f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in error.absolute_path
    )
