"""JSON of any depth, made harmless for a parser with a recursion limit.

The API server stores JSON nested 10,000 levels deep; `json.loads` raises RecursionError from about
1,000 levels, for the whole LIST or watch line. One object of 3 kB would stop the operator for everybody.
So every response passes `bounded` first. An ordinary one costs a scan at C speed and is returned as it is.
"""

import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, Final

MAX_DEPTH: Final = 64
"""Far above what a legitimate object needs (8 levels of params, below 10 levels of envelope), far below
the recursion limit. What is cut is still deeper than the 8 levels of the contract, so it is refused later."""

_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRINGS: Final = re.compile(_STRING, re.DOTALL)
_TOKENS: Final = re.compile(_STRING + rb"|[\[{]|[\]}]", re.DOTALL)
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
# An opening bracket becomes +1, a closing one -1 of a signed byte: accumulate() then runs no Python code.
_STEPS: Final = bytes(1 if byte in b"[{" else 255 for byte in range(256))


def bounded(raw: bytes, max_depth: int = MAX_DEPTH) -> bytes:
    """The JSON text with each list or object below `max_depth` levels replaced by null.

    Text that is shallow enough is returned unchanged, the same object. Text that is not JSON is no
    error here: whatever comes out, the parser that follows says so.
    """
    if raw.count(b"[") + raw.count(b"{") <= max_depth or _depth(raw) <= max_depth:
        return raw
    return _cut(raw, max_depth)


def depth_of(value: Any) -> int:
    """Levels of lists and objects in a parsed value: 0 for a scalar, 1 for `[]`. Not recursive."""
    deepest = 0
    pending = [(value, 1)]
    while pending:
        node, level = pending.pop()
        if isinstance(node, Mapping):
            children: Any = node.values()
        elif isinstance(node, list | tuple):
            children = node
        else:
            continue
        deepest = max(deepest, level)
        pending.extend((child, level + 1) for child in children if isinstance(child, Mapping | list | tuple))
    return deepest


def _depth(raw: bytes) -> int:
    steps = _STRINGS.sub(b"", raw).translate(_STEPS, _NOT_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0)


def _cut(raw: bytes, max_depth: int) -> bytes:
    kept: list[bytes] = []
    depth = start = 0
    for match in _TOKENS.finditer(raw):
        token = match.group()
        if token in (b"[", b"{"):
            depth += 1
            if depth == max_depth + 1:
                kept += (raw[start : match.start()], b"null")
        elif token in (b"]", b"}"):
            if depth == max_depth + 1:
                start = match.end()
            depth -= 1
    kept.append(raw[start:] if depth <= max_depth else b"")
    return b"".join(kept)
