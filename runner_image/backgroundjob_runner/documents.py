"""Reading a protocol document strictly: JSON, the version, the type of each field."""

from __future__ import annotations

import json

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final, TypeVar

    T = TypeVar("T")

PROTOCOL_VERSION: Final = 1
SUPPORTED_PROTOCOL_VERSIONS: Final = (1, 1)
"""Oldest and newest protocol version that this code reads."""


class ProtocolError(ValueError):
    """A document that is not an invocation or a receipt of a supported version."""


def field(document: Mapping[str, Any], key: str, kind: type[T], default: T | None = None) -> T:
    value = document.get(key, default)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ProtocolError(f"the invocation's {key} is {value!r:.100}, not of type {kind.__name__}")
    return value


def names(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = field(document, key, list, [])
    if not all(isinstance(name, str) and name.isidentifier() for name in names):
        raise ProtocolError(f"the invocation's {key} are not all names of parameters: {names!r:.100}")
    return tuple(names)


def parse(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the {what} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ProtocolError(f"the {what} is a JSON {type(document).__name__}, not an object")
    version = document.get("protocol")
    oldest, newest = SUPPORTED_PROTOCOL_VERSIONS
    if not isinstance(version, int) or not oldest <= version <= newest:
        raise ProtocolError(
            f"the {what} has protocol version {version!r}; this side reads {oldest} to {newest}: "
            "use an operator and a runner image of the same release"
        )
    return document
