"""Docstrings and tables as Markdown. Code stands in `<pre>`: fenced blocks of a page are run."""

import html
import inspect
import re
from collections.abc import Iterable, Sequence


def pre(text: str, language: str = "python") -> str:
    """A block of code that nothing runs."""
    return f'<pre lang="{language}">\n{html.escape(text.strip(chr(10)), quote=False)}\n</pre>'


def prose(docstring: str) -> str:
    """Paragraphs on lines of their own, indented blocks as code."""
    return "\n\n".join(_paragraph(one) for one in inspect.cleandoc(docstring).split("\n\n") if one.strip())


def _paragraph(text: str) -> str:
    if all(line.startswith("    ") for line in text.splitlines()):
        return pre("\n".join(line[4:] for line in text.splitlines()))
    return one_line(text)


def one_line(text: str) -> str:
    """Without line breaks; `<` would begin a tag outside code."""
    joined = " ".join(text.split())
    return re.sub(r"`[^`]*`|<", lambda found: found[0] if found[0] != "<" else "&lt;", joined)


def summary(docstring: str) -> str:
    """All paragraphs that are no code, on one line."""
    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    return one_line(" ".join(one for one in paragraphs if not one.startswith("    ")))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells may hold `|`."""
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)
