"""Secret params: reading them from their files, and keeping their values out of what is written."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Final

REDACTED: Final = "[redacted]"
SHORTEST_SECRET: Final = 4
"""Shorter values are left alone: replacing each `1` would ruin the text and give the value away."""


def read_secret_param(directory: str, name: str) -> str:
    """The value of one secret param: the text of its file. Raises OSError or UnicodeDecodeError."""
    path = os.path.join(directory, name)  # noqa: PTH118  pathlib costs 5 ms
    with open(path, "rb") as file:  # noqa: PTH123  pathlib costs 5 ms
        return file.read().decode("utf-8")


class Redactor:
    """Replaces known secret values, in all their `forms`."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: list[str] = []
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """From now on, replace these too."""
        found = set(self._forms)
        for secret in secrets:
            from backgroundjob_runner.secret_forms import forms  # noqa: PLC0415  only those with secrets pay

            found |= forms(secret)
        usable = (text for text in found if len(text.strip()) >= SHORTEST_SECRET)
        # The longest first: a secret may contain another one.
        self._forms = sorted(usable, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without secrets."""
        return _replaced(text, self._forms)

    def json(self, value: Any) -> Any:
        """The JSON value without secrets in its strings, keys and numbers."""
        # A key of a thousand lines has thousands of forms: hold only those that occur against each string.
        whole = "\n".join(_texts(value)) if self._forms else ""
        present = [form for form in self._forms if form in whole]
        return _replaced_in_json(value, present) if present else value


def _replaced(text: str, forms: list[str]) -> str:
    for form in forms:
        text = text.replace(form, REDACTED)
    return text


def _replaced_in_json(value: Any, forms: list[str]) -> Any:
    if isinstance(value, str):
        return _replaced(value, forms)
    if isinstance(value, dict):
        return {_replaced(key, forms): _replaced_in_json(item, forms) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced_in_json(item, forms) for item in value]
    if isinstance(value, bool) or value is None or _replaced(str(value), forms) == str(value):
        return value
    return REDACTED


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    else:
        yield str(value)
