"""Type hints that JSON can carry: what may stand in a job's signature, as pydantic is to read it.

The job gets JSON's values and nothing converts them, so only hints whose JSON form is the Python value
itself are accepted.
"""

import types
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, Literal, NotRequired, Required, Union, get_args, get_origin

import typing_extensions
from pydantic import WrapValidator
from pydantic_core import PydanticCustomError

_PLAIN: Final = (str, int, float, bool, None, type(None), Any, list, dict, object)
_ADVICE: Final = {
    "date": "take a str and call date.fromisoformat in the method",
    "datetime": "take a str and call datetime.fromisoformat in the method",
    "UUID": "take a str and call UUID in the method",
    "Decimal": "take a str and call Decimal in the method",
    "bytes": "take a str, such as base64, or the address of the data",
    "tuple": "take a list: JSON has no other sequence",
    "set": "take a list: JSON has no other sequence",
    "frozenset": "take a list: JSON has no other sequence",
    "Secret": "hint it Secret and nothing else: no union, no Annotated",
}
_ACCEPTED: Final = (
    "str, int, float, bool, None, list, dict[str, …], Literal, TypedDict, unions of them, or Secret"
)


class NotJson(Exception):
    """A hint that JSON cannot carry: its name, and what to write instead."""


class JsonHints:
    """Reads the hints of one signature."""

    def __init__(self) -> None:
        self._typed_dicts: dict[Any, Any] = {}

    def read(self, hint: Any) -> Any:
        """The hint, exact where pydantic is not. Raises NotJson, NameError."""
        origin, inner = get_origin(hint), get_args(hint)
        if hint in _PLAIN:
            return hint
        if typing_extensions.is_typeddict(hint):
            return self._typed_dict(hint)
        if origin is Literal and all(type(one) in (str, int, bool, type(None)) for one in inner):
            # Pydantic takes True for 1, as Python does and JSON does not.
            return Annotated[hint, WrapValidator(partial(_exactly, inner))]
        if origin is Annotated:
            return Annotated[(self.read(inner[0]), *inner[1:])]
        if origin in (Required, NotRequired):
            return origin[self.read(inner[0])]
        if origin in (Union, types.UnionType):
            return Union[tuple(self.read(one) for one in inner)]  # noqa: UP007  as many as there are
        if origin is list:
            return list[self.read(inner[0])]  # type: ignore[misc]  # a value, not an annotation
        if origin is dict and inner[0] is str:
            return dict[str, self.read(inner[1])]  # type: ignore[misc]  # as above
        kind = getattr(origin or hint, "__name__", str(hint))
        raise NotJson(kind, _ADVICE.get(kind, f"accepted are {_ACCEPTED}"))

    def _typed_dict(self, hint: Any) -> Any:
        """The same as a TypedDict of typing_extensions: before Python 3.12 pydantic reads no other."""
        if hint not in self._typed_dicts:
            make: Any = typing_extensions.TypedDict
            made = self._typed_dicts[hint] = make(hint.__name__, {})  # at once: it may contain itself
            fields = typing_extensions.get_type_hints(hint, include_extras=True)
            made.__annotations__ = {name: self.read(field) for name, field in fields.items()}
            made.__required_keys__, made.__optional_keys__ = hint.__required_keys__, hint.__optional_keys__
            made.__doc__, made.__module__ = hint.__doc__, hint.__module__
        return self._typed_dicts[hint]


def _exactly(accepted: tuple[Any, ...], value: Any, check: Callable[[Any], Any]) -> Any:
    found = check(value)
    if not any(type(one) is type(value) and one == value for one in accepted):
        expected = " or ".join(map(repr, accepted))
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})
    return found
