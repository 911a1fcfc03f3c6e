"""Secret params: reading them from their files, and keeping their values out of what is written."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final

REDACTED: Final = "[redacted]"
SHORTEST_SECRET: Final = 4
"""Shorter values are left alone: replacing each `1` would ruin the text and give the value away."""
SHORTEST_LINE: Final = 12
"""Lines of a longer secret, such as a private key, are secrets too from this length on."""


def read_secret_param(directory: str, name: str) -> str:
    """The value of one secret param: the text of its file. Raises OSError or UnicodeDecodeError."""
    path = os.path.join(directory, name)  # noqa: PTH118  pathlib costs 5 ms
    with open(path, "rb") as file:  # noqa: PTH123  pathlib costs 5 ms
        return file.read().decode("utf-8")


class Redactor:
    """Replaces known secret values, as they are and as repr, JSON and single lines show them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: list[str] = []
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """From now on, replace these too."""
        found = set(self._secrets)
        for secret in secrets:
            found.update((secret, secret.strip()))
            found.update(line for line in secret.split("\n") if len(line.strip()) >= SHORTEST_LINE)
        for text in tuple(found):
            found.update(
                (repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
            )
        usable = (text for text in found if len(text.strip()) >= SHORTEST_SECRET)
        # The longest first: a secret may contain another one.
        self._secrets = sorted(usable, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text

    def json(self, value: Any) -> Any:
        """The JSON value without secrets in its strings, keys and numbers."""
        if not self._secrets:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.json(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.json(item) for item in value]
        if isinstance(value, bool) or value is None or self.text(str(value)) == str(value):
            return value
        return REDACTED
