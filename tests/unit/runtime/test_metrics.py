"""The metrics, and the page that lists them."""

import re
from pathlib import Path

import pytest

from backgroundjob.api.reasons import Reason, State
from backgroundjob_operator.runtime.metrics import Metrics

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
ROW = re.compile(r"^\| `(?P<name>[a-z_]+)` \| (?P<type>counter|gauge) \| (?P<labels>[^|]*) \|", re.MULTILINE)
OPEN_WORDS = {"name", "namespace", "uid", "class", "method", "job", "pod", "node", "param", "message", "key"}


def exported() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Type and labels of every metric, by the name that a query uses."""
    metrics = Metrics()
    found = {}
    for collector in metrics.registry._collector_to_names:
        labels = collector._labelnames  # type: ignore[attr-defined]  # prometheus_client types collectors loosely
        for family in collector.collect():
            suffix = "_total" if family.type == "counter" else ""
            found[family.name + suffix] = (family.type, tuple(labels))
    return found


def documented() -> dict[str, tuple[str, tuple[str, ...]]]:
    """The same, as the page has it."""
    return {
        row["name"]: (row["type"], tuple(re.findall(r"`(\w+)`", row["labels"])))
        for row in ROW.finditer(PAGE.read_text())
    }


def test_the_page_lists_every_metric_with_its_type_and_labels() -> None:
    assert documented() == exported()


def test_no_label_holds_the_name_of_an_object_a_class_or_a_parameter() -> None:
    labels = {label for _, found in exported().values() for label in found}

    assert labels
    assert not labels & OPEN_WORDS


def test_transitions_are_counted_by_state_and_reason() -> None:
    metrics = Metrics()

    metrics.count_transition({"state": State.FAILED, "reason": Reason.RETRIES_EXHAUSTED})
    metrics.count_transition({"message": "the state stays"})

    assert _samples(metrics, "backgroundjob_transitions_total") == {("Failed", "RetriesExhausted"): 1}


@pytest.mark.parametrize("patch", [{"state": None, "reason": None}, {}])
def test_a_restart_which_removes_the_state_is_no_transition_to_none(patch: dict[str, None]) -> None:
    metrics = Metrics()

    metrics.count_transition(patch)

    assert _samples(metrics, "backgroundjob_transitions_total") == {}


def test_actions_and_failures_are_counted_by_kind() -> None:
    metrics = Metrics()

    metrics.count_write("CreateJob")
    metrics.count_write("CreateJob")
    metrics.count_failure("Unavailable")

    assert _samples(metrics, "backgroundjob_writes_total") == {("CreateJob",): 2}
    assert _samples(metrics, "backgroundjob_call_failures_total") == {("Unavailable",): 1}


def _samples(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    families = metrics.registry.collect()
    return {
        tuple(sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }
