"""What stands for a plain function in a class, so that it can be more than one."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from typing import Any


class MethodWrapper:
    """Base of descriptors that stand for a function, as the client's `@job` makes them.

    The runner calls `function`, as if it stood in the class itself.
    """

    __slots__ = ("function",)

    function: Any
    """A FunctionType; typed as that, a checker would take it for a method of this class."""


_function = vars(MethodWrapper)["function"]


def unwrapped(member: Any) -> Any:
    """What a class attribute stands for: itself, unless it wraps something. No code of a subclass runs."""
    if not issubclass(type(member), MethodWrapper):
        return member
    try:
        return _function.__get__(member)
    except AttributeError:  # it was made without one
        return member
