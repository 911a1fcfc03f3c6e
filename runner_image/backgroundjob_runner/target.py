"""From `module:Class.method` to something to call, strictly.

The allow-list says what may run; this is the last of its checks and trusts none of the others. What
it finds is a plain function, staticmethod or classmethod in the `__dict__` of the class or of a base
other than `object`, or such a one inside one MethodWrapper. No attribute is ever looked up on an
instance, a property or a nested class, and module and metaclass `__getattr__` are not asked. The class
may be imported into the module.
"""

from __future__ import annotations

import sys
from types import FunctionType, MethodType

from backgroundjob_runner.digest import RunnerError, safe_text
from backgroundjob_runner.values import Value
from backgroundjob_runner.wrapped import unwrapped

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType
    from typing import Any, Final

_VARIABLE_POSITIONAL: Final = 0x04  # inspect.CO_VARARGS, without importing inspect
_VARIABLE_KEYWORDS: Final = 0x08  # inspect.CO_VARKEYWORDS
_GENERATOR: Final = 0x20 | 0x200  # inspect.CO_GENERATOR | CO_ASYNC_GENERATOR


class NotLoadable(RunnerError):
    """The target cannot be imported, or not be called with these params. A retry cannot help."""


class Target(Value):
    """A method that may be called, and the class that it is called on."""

    owner: type
    name: str
    function: Any
    """A FunctionType; typed as that, a checker would take it for a method of this class."""
    wrapper: type
    """FunctionType for an instance method, else staticmethod or classmethod."""

    def check(self, params: Mapping[str, Any]) -> None:
        """Raise NotLoadable unless the params fit the signature. Nothing is called."""
        code, label = self.function.__code__, f"{self.owner.__name__}.{self.name}"
        skipped = 0 if self.wrapper is staticmethod else 1
        if code.co_argcount < skipped and not code.co_flags & _VARIABLE_POSITIONAL:
            raise NotLoadable(f"{label}() takes no self: add it, or make the method a staticmethod")
        if code.co_posonlyargcount > skipped:
            raise NotLoadable(
                f"{label}() has positional-only parameters; params are given by name: remove the /"
            )
        accepted, required = _signature(self.function, skipped)
        missing = [name for name in required if name not in params]
        if missing:
            raise NotLoadable(f"{label}() misses {_list(missing)}; it takes {_list(accepted)}")
        bound = code.co_varnames[: min(skipped, code.co_argcount)]
        takes_any = code.co_flags & _VARIABLE_KEYWORDS
        unknown = [name for name in params if name in bound or (name not in accepted and not takes_any)]
        if unknown:
            raise NotLoadable(f"{label}() does not know {_list(unknown)}; it takes {_list(accepted)}")

    def bind(self, instance: object | None = None) -> Any:
        """The callable. Makes the instance unless one is given, so it runs user code."""
        if self.wrapper is staticmethod:
            return self.function
        if self.wrapper is classmethod:
            return MethodType(self.function, self.owner)
        return MethodType(self.function, self._instance() if instance is None else instance)

    def _instance(self) -> object:
        try:
            return self.owner()
        except TypeError as error:
            # Without a further frame it was the call itself that failed, not the constructor's code.
            if error.__traceback__ is not None and error.__traceback__.tb_next is None:
                raise NotLoadable(
                    f"{self.owner.__name__}() cannot be called without arguments: {error}"
                ) from error
            raise


def load(target: str) -> Target:
    """Import the module and find the method. Raises NotLoadable, also for whatever the import raises."""
    module_name, class_name, method_name = _parse(target)
    owner = _find_class(_import(module_name), module_name, class_name)
    raw = next((vars(base)[method_name] for base in _bases(owner) if method_name in vars(base)), None)
    if raw is None:
        found = sorted({name for base in _bases(owner) for name in vars(base) if not name.startswith("_")})
        raise NotLoadable(
            f"class {class_name} of {module_name} has no method {method_name!r}; it has {_list(found)}"
        )
    raw = unwrapped(raw)
    wrapper = type(raw)
    function = raw.__func__ if wrapper in (staticmethod, classmethod) else raw
    if type(function) is not FunctionType:
        raise NotLoadable(
            f"{class_name}.{method_name} is a {wrapper.__name__}; "
            "a job is a plain function, staticmethod or classmethod"
        )
    if function.__code__.co_flags & _GENERATOR:
        raise NotLoadable(
            f"{class_name}.{method_name} is a generator: calling it would run nothing; remove the yield"
        )
    return Target(owner=owner, name=method_name, function=function, wrapper=wrapper)


def _parse(target: str) -> tuple[str, str, str]:
    module_name, _, path = target.partition(":")
    parts = path.split(".")
    if len(parts) != 2 or not all(part.isidentifier() for part in (*module_name.split("."), *parts)):
        raise NotLoadable(f"the target is {target!r:.300}; it must be module:Class.method")
    if any(part.startswith("_") for part in parts) or any(p.startswith("__") for p in module_name.split(".")):
        raise NotLoadable(
            f"the target {target!r:.300} is not public: names with a leading underscore cannot run"
        )
    return module_name, parts[0], parts[1]


def _import(module_name: str) -> object:
    try:
        __import__(module_name)
    except BaseException as error:
        text = f"{type(error).__name__}: {safe_text(error)}"
        raise NotLoadable(f"module {module_name} cannot be imported: {text}; is it in the image?") from error
    return sys.modules.get(module_name)


def _find_class(module: object, module_name: str, class_name: str) -> type:
    names = getattr(module, "__dict__", {})
    found = names.get(class_name)
    if isinstance(found, type):
        return found
    what = "no class" if found is None else f"a {type(found).__name__}, not a class,"
    classes = sorted(n for n, v in names.items() if isinstance(v, type) and not n.startswith("_"))
    raise NotLoadable(f"module {module_name} has {what} {class_name!r}; its classes are {_list(classes)}")


def _bases(owner: type) -> tuple[type, ...]:
    return tuple(base for base in owner.__mro__ if base is not object)


def _signature(function: FunctionType, skipped: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that may be given, and those that must be."""
    code: CodeType = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    required = positional[: len(positional) - len(function.__defaults__ or ())][skipped:]
    required_keywords = tuple(name for name in keyword_only if name not in (function.__kwdefaults__ or {}))
    return positional[skipped:] + keyword_only, required + required_keywords


def _list(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(repr(name) for name in names[:10]) or "nothing"
    return shown + (", ..." if len(names) > 10 else "")
