"""What is wrong with a settings document, in one sentence, whoever found it."""

from typing import Final

import yaml

from backgroundjob.api.fields import DocumentError

UNREADABLE: Final = (yaml.YAMLError, ValueError, RecursionError)
"""A text that is no usable document. DocumentError is a ValueError; so is what YAML raises for 2026-13-01."""


def explain(error: Exception) -> str:
    """One sentence: the field, and what is wrong with it."""
    if isinstance(error, DocumentError):
        return "; ".join(error.problems)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"not YAML: {error.problem} in line {error.problem_mark.line + 1}"
    if isinstance(error, RecursionError):
        return "nested too deeply, or contains itself"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
