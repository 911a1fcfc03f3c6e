"""How the allow-list differs from the code that it allows. Pure.

The code decides what a method is called, where it is and which parameters it takes. What only the
administrator decides is no difference: namespaces, profile, limits, defaults, and a parameter's schema
that asks for more than the code does, such as a `maxLength`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from backgroundjob.api.allow_list import AllowListEntry, parse_entry

_SAYS_NOTHING: Final = frozenset({"title", "description", "default", "examples", "$comment"})
"""Keywords of a schema that refuse no value."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference: the entry, what differs, and the command that helps."""

    key: str
    text: str
    next_step: str


def drifts(code: Mapping[str, Mapping[str, Any]], stored: Mapping[str, AllowListEntry]) -> Iterator[Drift]:
    """Every difference between the entries of typed code and the allow-list, by key."""
    wanted = {key: parse_entry(key, entry) for key, entry in code.items()}
    targets = {entry.target_of(key) for key, entry in wanted.items()}
    modules = {target.partition(":")[0] for target in targets}
    for key in sorted({*wanted, *stored}):
        if key in wanted:
            yield from _changed(key, wanted[key], stored.get(key))
            continue
        target = stored[key].target_of(key)
        if target.partition(":")[0] in modules and target not in targets:
            yield Drift(key, f"the code has no {target} (any more)", "take the entry out of the allow-list")


def _changed(key: str, code: AllowListEntry, stored: AllowListEntry | None) -> Iterator[Drift]:
    target = code.target_of(key)
    step = f"bgjob allow-list generate {target.partition(':')[0]}"
    if stored is None:
        yield Drift(key, "is not in the allow-list", step)
        return
    if stored.target_of(key) != target:
        yield Drift(key, f"target: the code says {target}, the allow-list {stored.target_of(key)}", step)
    for text in _schema_changes(code.params, stored.params):
        yield Drift(key, text, step)
    for text in _beyond_limits(code, stored):
        yield Drift(key, text, "raise the limit in the entry, or ask for less in the code")


def _schema_changes(code: Mapping[str, Any], stored: Mapping[str, Any]) -> Iterator[str]:
    fields, known = code.get("properties") or {}, stored.get("properties") or {}
    required, needed = set(code.get("required") or ()), set(stored.get("required") or ())
    for name in {**fields, **known}:
        path = f"params.{name}"
        if name not in known:
            yield f"{path}: the code takes it, the allow-list does not"
        elif name not in fields:
            yield f"{path}: the allow-list takes it, the code does not"
        elif not _narrows(fields[name], known[name]):
            yield f"{path}: the code takes {type_text(fields[name])}, the allow-list {type_text(known[name])}"
        elif (name in required) != (name in needed):
            one, other = (
                ("the code", "the allow-list") if name in required else ("the allow-list", "the code")
            )
            yield f"{path}: {one} requires it, {other} does not"
    if bool(code.get("additionalProperties")) != bool(stored.get("additionalProperties")):
        one = "the code" if code.get("additionalProperties") else "the allow-list"
        yield f"params: only {one} takes further parameters"


def _narrows(code: Any, stored: Any) -> bool:
    """Whether the stored schema refuses all that the code's refuses, by its keywords."""
    if isinstance(code, Mapping) and isinstance(stored, Mapping):
        return all(
            keyword in _SAYS_NOTHING or (keyword in stored and _narrows(rule, stored[keyword]))
            for keyword, rule in code.items()
        )
    return bool(code == stored)


def _beyond_limits(code: AllowListEntry, stored: AllowListEntry) -> Iterator[str]:
    retry, limits = code.defaults.retry, stored.limits
    asked = (
        ("retry.maxAttempts", retry.max_attempts if retry else None, limits.max_attempts),
        ("timeoutSeconds", code.defaults.timeout_seconds, limits.timeout_seconds),
        ("priority", code.defaults.priority, limits.priority),
    )
    for name, value, most in asked:
        if isinstance(value, int) and most is not None and value > most:
            yield f"defaults.{name}: the code says {value}, above the entry's limit of {most}"


def type_text(schema: Any) -> str:
    """A schema in short: `string`, `"a"|"b"`, `string[]`, `integer|null`, `any`."""
    if not isinstance(schema, Mapping):
        return "any"
    if "enum" in schema or "const" in schema:
        return "|".join(_literal(value) for value in schema.get("enum") or [schema.get("const")])
    if isinstance(schema.get("$ref"), str):
        return str(schema["$ref"]).rpartition("/")[2]
    for keyword in ("anyOf", "oneOf"):
        if isinstance(schema.get(keyword), list):
            return "|".join(dict.fromkeys(type_text(one) for one in schema[keyword]))
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return "|".join(map(str, kinds))
    if kinds == "array":
        items = type_text(schema.get("items"))
        return f"({items})[]" if "|" in items else f"{items}[]"
    return str(kinds or "any")


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def params_text(schema: Mapping[str, Any]) -> str:
    """Parameters in short: `to: string, subject?: string`."""
    required = schema.get("required") or ()
    properties = schema.get("properties") or {}
    fields = [
        f"{name}{'' if name in required else '?'}: {type_text(rule)}" for name, rule in properties.items()
    ]
    return ", ".join([*fields, *(["…"] if schema.get("additionalProperties") else [])])


def call_text(key: str, schema: Mapping[str, Any]) -> str:
    """The command line that calls it, with every required parameter."""
    properties = schema.get("properties") or {}
    given = [f"{name}{_placeholder(properties.get(name))}" for name in schema.get("required") or ()]
    return " ".join(["bgjob run", key, *given])


def _placeholder(schema: Any) -> str:
    kind = type_text(schema)
    if kind == "string" or kind.startswith('"'):
        return "=..."
    return ":='[...]'" if kind.endswith("[]") else ":='{...}'" if kind == "object" else ":=..."
