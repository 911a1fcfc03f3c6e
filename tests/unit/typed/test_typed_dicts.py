"""A TypedDict as a parameter, from `typing`, which is all that the runner image has."""

from typing import Annotated, Any, NotRequired, TypedDict

import pytest

from backgroundjob import InvalidParams, JobClass, Schema, job
from backgroundjob.catalogue import entry_of
from backgroundjob.testing import InMemoryBackend


class Line(TypedDict):
    """A line of an order."""

    article: Annotated[str, Schema(maxLength=3)]
    count: NotRequired[int]


class Order(TypedDict, total=False):
    """An order, and what belongs to it."""

    lines: list[Line]
    parts: "dict[str, Order] | None"


class OrderJob(JobClass):
    """Orders."""

    @job
    def ship(self, order: Order, extra: Annotated[Line | None, Schema()] = None) -> None:
        """Ship it."""


def test_it_is_in_the_schema_as_an_object_with_these_keys_alone() -> None:
    schema = entry_of(OrderJob.ship)["params"]
    assert schema["properties"]["order"] == {"$ref": "#/$defs/Order"}
    assert schema["$defs"]["Line"] == {
        "type": "object",
        "description": "A line of an order.",
        "properties": {"article": {"type": "string", "maxLength": 3}, "count": {"type": "integer"}},
        "required": ["article"],
        "additionalProperties": False,
    }
    assert "required" not in schema["$defs"]["Order"]


def test_it_arrives_as_it_was_given(bgjob_fake: InMemoryBackend) -> None:
    OrderJob.ship.later({"lines": [{"article": "tea", "count": 2}], "parts": {"second": {}}})
    bgjob_fake.assert_enqueued(
        OrderJob.ship, order={"lines": [{"article": "tea", "count": 2}], "parts": {"second": {}}}
    )


@pytest.mark.parametrize(
    ("order", "where"),
    [
        ({"lines": [{"count": 2}]}, r"lines\.0\.article field required"),
        ({"lines": [{"article": "tea", "count": "2"}]}, r"lines\.0\.count input should be a valid integer"),
        ({"lines": [{"article": "coffee"}]}, r"lines\.0\.article string should have at most 3 characters"),
        ({"parts": {"a": {"colour": "red"}}}, r"parts\.a\.colour extra inputs are not permitted"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(order: Any, where: str) -> None:
    with pytest.raises(InvalidParams, match=rf"params\.order\.{where}"):
        OrderJob.ship.later(order)
