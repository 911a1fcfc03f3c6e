"""Immutable values with keyword fields, as a frozen dataclass has them, for the price of no import.

`dataclasses` imports `inspect`, and every run of user code would pay for it (15 ms of 25).
Type checkers treat each subclass of `Value` as a frozen, keyword-only dataclass (PEP 681).
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from typing import Any, ClassVar, NoReturn, Self, dataclass_transform
else:

    def dataclass_transform(**_options):
        """Stand in for typing's, which only marks the class."""
        return lambda cls: cls


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Value:
    """A value: equal when its fields are equal, and never changed."""

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._fields = (*cls._fields, *(name for name in cls.__annotations__ if name not in cls._fields))

    def __init__(self, **given: Any) -> None:
        unknown = given.keys() - set(self._fields)
        missing = [name for name in self._fields if name not in given and not hasattr(type(self), name)]
        if unknown or missing:
            raise TypeError(
                f"{type(self).__name__}: unknown fields {sorted(unknown)}, missing fields {missing}"
            )
        for name in self._fields:
            self.__dict__[name] = given[name] if name in given else getattr(type(self), name)

    def replace(self, **changes: Any) -> Self:
        """The same value with other fields."""
        return type(self)(**{**self.__dict__, **changes})

    __replace__ = replace  # copy.replace() of Python 3.13

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: use replace({name}=...)")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: {name} stays")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({fields})"
