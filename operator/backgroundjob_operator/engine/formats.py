"""The formats of JSON Schema 2020-12, `iri` included.

jsonschema checks IRIs by a package that builds a grammar for a second at every start of a process. An IRI
is a URI once its other characters are percent-encoded, and for those there is a pattern.
"""

from typing import Final
from urllib.parse import quote

from jsonschema import Draft202012Validator, FormatChecker
from rfc3986_validator import validate_rfc3986

FORMATS: Final = FormatChecker(())
FORMATS.checkers = {**Draft202012Validator.FORMAT_CHECKER.checkers}


@FORMATS.checks("iri")
def is_iri(value: object) -> bool:
    """Whether it is one, as JSON Schema asks: what is no text is not asked."""
    return not isinstance(value, str) or bool(validate_rfc3986(_as_uri(value), rule="URI"))


@FORMATS.checks("iri-reference")
def is_iri_reference(value: object) -> bool:
    """The same of a reference, which may be relative."""
    return not isinstance(value, str) or bool(validate_rfc3986(_as_uri(value), rule="URI_reference"))


def _as_uri(text: str) -> str:
    return "".join(one if one.isascii() else quote(one) for one in text)
