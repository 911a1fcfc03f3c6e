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
