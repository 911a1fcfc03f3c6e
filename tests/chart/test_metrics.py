"""The alerts and the dashboard against docs/metrics.md, which another test compares with the operator."""

import json
import re
from typing import Any

import yaml

from tests.chart_tool.helm import CHART, ROOT

PAGE = (ROOT / "docs/metrics.md").read_text()
ALERTS: list[dict[str, Any]] = yaml.safe_load((CHART / "files/alerts.yaml").read_text())
DASHBOARD = json.loads((CHART / "files/dashboard.json").read_text())
METRIC = re.compile(r"\bbackgroundjob_[a-z_]+")


def documented_alerts() -> set[tuple[str, str | None]]:
    """Expression and duration of each row of the table."""
    rows = re.findall(r"^\| `([^`]+ [<>=]+ [^`]+)`(?: for (\d+) minutes?)? \|", PAGE, flags=re.MULTILINE)
    return {(expression, f"{minutes}m" if minutes else None) for expression, minutes in rows}


def test_the_rules_are_the_alerts_of_the_page() -> None:
    assert documented_alerts() == {(alert["expr"], alert.get("for")) for alert in ALERTS}
    assert len(ALERTS) >= 4


def test_every_alert_says_what_to_do() -> None:
    assert [
        alert["alert"] for alert in ALERTS if set(alert["annotations"]) != {"summary", "description"}
    ] == []


def test_the_dashboard_asks_for_documented_metrics_only() -> None:
    asked = {
        name
        for panel in DASHBOARD["panels"]
        for one in panel["targets"]
        for name in METRIC.findall(one["expr"])
    }
    documented = set(re.findall(r"^\| `(backgroundjob_[a-z_]+)` \|", PAGE, flags=re.MULTILINE))
    assert asked
    assert asked <= documented


def test_no_two_panels_of_the_dashboard_share_a_place() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    assert len(places) == len(set(places)) == len({panel["id"] for panel in DASHBOARD["panels"]})
