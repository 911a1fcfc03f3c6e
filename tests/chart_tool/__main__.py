"""Writes what is made from the chart's values: `python -m tests.chart_tool` (`make chart`)."""

import sys

from tests.chart_tool.helm import CHART, ROOT
from tests.chart_tool.manifests import render_manifests
from tests.chart_tool.readme import render_readme
from tests.chart_tool.values_schema import render_schema


def main() -> int:
    """Write the schema, the README's table and install.yaml."""
    text, page = (CHART / "values.yaml").read_text(), CHART / "README.md"
    # Helm reads the schema when it renders: write that first.
    (CHART / "values.schema.json").write_text(render_schema(text))
    page.write_text(render_readme(text, page.read_text()))
    try:
        manifests = render_manifests()
    except RuntimeError as error:
        sys.stderr.write(f"install.yaml is not written: {error}\n")
        return 1
    (ROOT / "install.yaml").write_text(manifests)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
