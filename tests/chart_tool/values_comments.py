"""values.yaml as rows: each value's path, default, description and what `# @schema` says beside it.

YAML parsers drop comments, so the keys are found line by line: the file has block mappings, indented by two.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

_KEY: Final = re.compile(r"^(?P<indent> *)(?P<name>[A-Za-z_]+):")
_COMMENT: Final = re.compile(r"^ *# ?(?P<text>.*)$")
_SCHEMA: Final = "@schema "

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """One key of values.yaml."""

    path: Path
    default: Any
    description: str
    schema: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The path with dots, as `--set` takes it."""
        return ".".join(self.path)


def values(text: str) -> tuple[Value, ...]:
    """Every key of the file, groups before their members."""
    document = yaml.safe_load(text)
    return tuple(
        _value(_at(document, path[:-1])[path[-1]], path, comments)
        for path, comments in _commented_keys(text)
        if path[-1] in _at(document, path[:-1])
    )


def described(text: str) -> tuple[Value, ...]:
    """The keys with a description: what an administrator sets, and some groups of them."""
    return tuple(one for one in values(text) if one.description)


def settable(text: str) -> tuple[Value, ...]:
    """The described keys that are no group of others."""
    rows = described(text)
    groups = {row.path[:depth] for row in rows for depth in range(1, len(row.path))}
    return tuple(row for row in rows if row.path not in groups)


def _value(default: Any, path: Path, comments: list[str]) -> Value:
    schemas = [line.removeprefix(_SCHEMA) for line in comments if line.startswith(_SCHEMA)]
    prose = " ".join(line for line in comments if not line.startswith(_SCHEMA))
    return Value(path, default, prose, yaml.safe_load(schemas[0]) if schemas else {})


def _at(document: Any, path: Path) -> dict[str, Any]:
    """The mapping at the path; empty where there is none, as for a key inside a list."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def _commented_keys(text: str) -> Iterator[tuple[Path, list[str]]]:
    """Each key's path, and the comment lines directly above it."""
    path: Path = ()
    comments: list[str] = []
    for line in text.splitlines():
        key, comment = _KEY.match(line), _COMMENT.match(line)
        if key:
            path = (*path[: len(key["indent"]) // 2], key["name"])
            yield path, comments
        comments = [*comments, comment["text"]] if comment else []
