"""Each value of the chart, set to another than its default, and what that changes. None may be missing."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.chart.needs_helm import needs_helm
from tests.chart.value_rows import Row
from tests.chart.value_rows_cluster import CLUSTER_ROWS
from tests.chart.value_rows_jobs import JOB_ROWS
from tests.chart.value_rows_operator import OPERATOR_ROWS
from tests.chart_tool.helm import CHART, Objects, rendered
from tests.chart_tool.values_comments import settable

SETTABLE: Final = {one.name: one for one in settable((CHART / "values.yaml").read_text())}
ROWS: Final = {**OPERATOR_ROWS, **CLUSTER_ROWS, **JOB_ROWS}
ELSEWHERE: Final = {
    "dashboard.enabled": "test_contradictions.py: true stops the installation",
    "global": "test_values.py: nothing reads it",
}


def test_no_value_is_without_a_row() -> None:
    assert set(SETTABLE) == set(ROWS) | set(ELSEWHERE)


@needs_helm
@pytest.mark.parametrize("name", ROWS)
def test_a_value_does_what_it_says(name: str) -> None:
    row = ROWS[name]
    assert row.value != SETTABLE[name].default
    assert row.holds(with_values({**row.given, name: row.value}))
    assert not holds_by_itself(row)


def holds_by_itself(row: Row) -> bool:
    try:
        return row.holds(with_values(row.given))
    except (KeyError, IndexError):
        return False


def with_values(given: Mapping[str, Any]) -> Objects:
    return rendered(*(f"--set-json={name}={json.dumps(value)}" for name, value in given.items()))
