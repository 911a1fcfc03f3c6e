"""Names of BackgroundJobs: DNS labels made from class and method, or from a template."""

import hashlib
import random
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any, Final

from backgroundjob.api.limits import NAME_LIMIT
from backgroundjob.errors import InvalidSpec

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUFFIX_CHARACTERS: Final = 5
_SUFFIX_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes' own: no vowels, so no words; no characters that look alike."""
_DIGEST_CHARACTERS: Final = 8


def is_dns_label(name: str) -> bool:
    """Whether the API server accepts it as the name of a BackgroundJob."""
    return len(name) <= NAME_LIMIT and _LABEL.fullmatch(name) is not None


def generate_name(class_: str, method: str) -> str:
    """`metadata.generateName`: `shop.EmailJob`, `send` -> `email-job-send-`, with room for the suffix."""
    kebab = f"{_kebab(class_.rpartition('.')[2])}-{_kebab(method)}"
    return kebab[: NAME_LIMIT - _SUFFIX_CHARACTERS - 1].strip("-") + "-"


def with_random_suffix(generate_name: str) -> str:
    """What the API server does with `metadata.generateName`; for backends without one."""
    suffix = "".join(random.choices(_SUFFIX_ALPHABET, k=_SUFFIX_CHARACTERS))  # noqa: S311  a name, not a secret
    return generate_name + suffix


def unique_name(template: str, params: Mapping[str, Any], args: Sequence[Any]) -> str:
    """The name that a `unique` template gives these parameters: `invoice-{id}` -> `invoice-42`.

    Different texts never give the same name: where the text is no DNS label as it stands, a digest
    of it is appended. Raises InvalidSpec.
    """
    text = filled_in("unique", template, params, args)
    if is_dns_label(text):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    stem = _kebab(text)[: NAME_LIMIT - _DIGEST_CHARACTERS - 1].strip("-")
    return f"{stem}-{digest}" if stem else f"job-{digest}"


def filled_in(option: str, template: str, params: Mapping[str, Any], args: Sequence[Any]) -> str:
    """The template with values of parameters in its braces. Raises InvalidSpec, which names the option."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise InvalidSpec(option, f"is not a template: {error}") from error
    return "".join(
        literal + ("" if field is None else _field_text(option, field, spec or conversion, params, args))
        for literal, field, spec, conversion in parts
    )


def _field_text(
    option: str, field: str, formatting: str | None, params: Mapping[str, Any], args: Sequence[Any]
) -> str:
    if formatting or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*|\d+", field):
        raise InvalidSpec(option, f"may hold only names of parameters in braces; found {{{field}}}")
    if field.isdigit():
        found, value = int(field) < len(args), args[int(field)] if int(field) < len(args) else None
    else:
        found, value = field in params, params.get(field)
    if not found:
        raise InvalidSpec(option, f"names the parameter {field}, which is not among those given")
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InvalidSpec(option, f"needs a text or a whole number in {field}; found {type(value).__name__}")
    return str(value)


def _kebab(text: str) -> str:
    words = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3-\2\4", text)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
