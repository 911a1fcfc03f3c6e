"""How a secret may be written down: its parts, escaped, in a URL, as base64 or hex.

Imported only by attempts that have secret params.
"""

from __future__ import annotations

import binascii
import json
import re

TYPE_CHECKING = False  # importing typing costs 2 ms; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

SHORTEST_LINE: Final = 12
"""Lines of a longer secret, such as a private key, are secrets too from this length on."""
SHORTEST_JSON_TEXT: Final = 8
"""So are the texts in a secret that is JSON, such as a service account's key."""
_SHORTEST_BASE64: Final = 6
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_KEPT_IN_URLS: Final = (b"", b"/", b"!'()*", b"/!$&'()*+,;=:@")
"""What Python's quote_plus, its quote, JavaScript and HTTP libraries that mend URLs leave as it is."""
_URL_PASSWORD: Final = re.compile(r"://[^/?#@\s:]*:([^/?#\s]+)@")


def forms(secret: str) -> set[str]:
    """Every text that gives the secret away."""
    found: set[str] = set()
    for whole in {secret, secret.strip(), *_json_texts(secret), *_url_passwords(secret)}:
        found |= _escaped(whole) | _percent_encoded(whole)
        found.update(_encoded(whole))
        lines = (line.strip() for line in whole.splitlines())
        for line in {line for line in lines if len(line) >= SHORTEST_LINE}:
            found |= _escaped(line) | _percent_encoded(line)
    return found


def _json_texts(secret: str) -> Iterator[str]:
    if not secret.lstrip().startswith(("{", "[")):
        return
    try:
        pending = [json.loads(secret)]
    except (ValueError, RecursionError):
        return
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, str) and len(value) >= SHORTEST_JSON_TEXT:
            yield value


def _url_passwords(secret: str) -> Iterator[str]:
    for password in _URL_PASSWORD.findall(secret):
        yield password
        if "%" in password:
            from urllib.parse import unquote  # noqa: PLC0415  hardly any secret pays for it

            yield unquote(password)


def _escaped(text: str) -> set[str]:
    """The text inside a literal of Python or JSON, and inside a literal in a literal."""
    if text.isascii() and text.isprintable() and not set(text) & {"'", '"', "\\"}:
        return {text}
    once = {text, *_literals(text)}
    return once.union(*map(_literals, once))


def _literals(text: str) -> tuple[str, ...]:
    return (
        repr(text)[1:-1],
        repr(f"'\"{text}")[4:-1],  # beside other quotes, repr escapes the single ones
        repr(text.encode("utf-8", "surrogatepass"))[2:-1],
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
    )


def _percent_encoded(text: str) -> set[str]:
    data = text.encode("utf-8", "surrogatepass")
    if _UNRESERVED.issuperset(data):
        return {text}
    found: set[str] = set()
    for kept in _KEPT_IN_URLS:
        plain = _UNRESERVED.union(kept)
        url = "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in data)
        found.update((url, url.replace("%20", "+")))
    return found


def _encoded(text: str) -> Iterator[str]:
    """Hex, and base64 at each of the three places where its groups of bytes can begin."""
    data = text.encode("utf-8", "surrogatepass")
    yield data.hex()
    yield data.hex().upper()
    for skipped in range(3):
        whole = binascii.b2a_base64(bytes(skipped) + data, newline=False).decode()
        # Characters that also hold bits of the bytes before or after differ from text to text.
        inner = whole.rstrip("=")
        inner = inner[(0, 2, 3)[skipped] : len(inner) - (inner != whole)]
        for base64 in (whole, inner) if skipped == 0 else (inner,):
            if len(base64) >= _SHORTEST_BASE64:
                yield base64
                yield base64.replace("+", "-").replace("/", "_")
