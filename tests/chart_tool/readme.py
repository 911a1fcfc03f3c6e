"""The table of all values, in the chart's README."""

import json
from typing import Final

from tests.chart_tool.values_comments import described, settable

_LONGEST_DEFAULT: Final = 60
_HEADING: Final = "## Values\n"


def render_readme(text: str, page: str) -> str:
    """The page with everything below its heading Values made from values.yaml."""
    single = settable(text)
    rows = [
        f"| `{one.name}` | {_default(one.default) if one in single else ''} | {_cell(one.description)} |"
        for one in described(text)
    ]
    table = "\n".join(["| value | default | meaning |", "|---|---|---|", *rows])
    return f"{page.partition(_HEADING)[0]}{_HEADING}\n{table}\n"


def _default(default: object) -> str:
    shown = json.dumps(default)
    return f"`{_cell(shown)}`" if len(shown) <= _LONGEST_DEFAULT else "see values.yaml"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
