"""What may be created, and the words with which the API server refuses the rest."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """One object to create. `refusal` is part of the answer; empty: it is accepted."""

    spec: dict[str, Any] = field(default_factory=dict)
    """Added to class EmailJob, method send."""
    name: str = "case"
    refusal: str = ""


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def nested(levels: int, beside: tuple[Any, ...] = ()) -> list[Any]:
    """A list in a list, each with these siblings. Kept below what Python's own encoder can write."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [*beside, value]
    return value


NAME_OF_PRIORITY = "must be a lower-case DNS label"
CREATIONS = {
    # the whole of the spec
    "class and method alone": Creation(),
    "every kind of field": Creation(
        spec={
            "params": {"to": "a", "n": None, "x": [1, {"y": 1.5}]},
            "args": [None, 1, [2]],
            "paramsFrom": [{"name": "p", "secretKeyRef": {"name": "s", "key": "k"}}],
            "priority": "high",
            "delaySeconds": 5,
            "retry": {"maxAttempts": 3},
            "queue": "mail",
            "dependsOn": [{"name": "b"}],
        }
    ),
    "a field that the spec does not have": Creation(spec={"image": "evil"}, refusal="unknown field"),
    # names
    "a name of 63 characters": Creation(name="a" * 63),
    "a name of 64 characters": Creation(name="a" * 64, refusal="Too long"),
    "a name with a dot": Creation(name="a.b", refusal="should match"),
    "a class with a newline": Creation(spec={"class": "EmailJob\n"}, refusal="spec.class"),
    "a class with a Cyrillic letter": Creation(spec={"class": "\u0415mailJob"}, refusal="spec.class"),
    "a dunder in the class": Creation(spec={"class": "a.__class__"}, refusal="spec.class"),
    "two dots in the class": Creation(spec={"class": "a..b"}, refusal="spec.class"),
    "an empty class": Creation(spec={"class": ""}, refusal="spec.class"),
    "an empty method": Creation(spec={"method": ""}, refusal="spec.method"),
    "a dotted method": Creation(spec={"method": "a.b"}, refusal="spec.method"),
    "a private method": Creation(spec={"method": "_x"}, refusal="spec.method"),
    # priority
    "the lowest priority": Creation(spec={"priority": -1000}),
    "a priority out of range": Creation(spec={"priority": 1001}, refusal="between -1000 and 1000"),
    "a number in quotes as priority": Creation(spec={"priority": "99999999999"}, refusal=NAME_OF_PRIORITY),
    "a signed number in quotes as priority": Creation(spec={"priority": "+5"}, refusal=NAME_OF_PRIORITY),
    "a priority with a space": Creation(spec={"priority": " high"}, refusal=NAME_OF_PRIORITY),
    "a priority in upper case": Creation(spec={"priority": "High"}, refusal=NAME_OF_PRIORITY),
    "a priority with a newline": Creation(spec={"priority": "high\n"}, refusal=NAME_OF_PRIORITY),
    # times
    "a time with an offset and microseconds": Creation(
        spec={"runAt": in_days(30).replace("+00:00", ".123456+05:30")}
    ),
    "a time in the past": Creation(spec={"runAt": "2020-01-01T00:00:00Z"}),
    "a time that is too far ahead": Creation(spec={"runAt": in_days(367)}, refusal="at most 365 days"),
    "the year 0": Creation(spec={"runAt": "0000-01-01T00:00:00Z"}, refusal="should match"),
    "the year 1970": Creation(spec={"runAt": "1970-01-01T00:00:00Z"}, refusal="should match"),
    "the year 9999": Creation(spec={"runAt": "9999-12-31T23:59:59Z"}, refusal="should match"),
    "an offset of 99 hours": Creation(spec={"runAt": "2030-01-01T00:00:00+99:00"}, refusal="should match"),
    "a time in lower case": Creation(spec={"runAt": "2030-01-01t00:00:00z"}, refusal="should match"),
    "a comma in the seconds": Creation(spec={"runAt": "2030-01-01T00:00:00,5Z"}, refusal="should match"),
    "delay and time": Creation(spec={"delaySeconds": 0, "runAt": "2030-01-01T00:00:00Z"}, refusal="not both"),
    "a deadline that ends with the delay": Creation(
        spec={"delaySeconds": 60, "deadlineSeconds": 60}, refusal="larger than delaySeconds"
    ),
    # retry
    "ten thousand delays": Creation(spec={"retry": {"delays": [1] * 10_000}}, refusal="Too many"),
    "a plan and a formula": Creation(
        spec={"retry": {"delays": [1], "backoff": "Fixed"}}, refusal="delays replaces"
    ),
    "a first delay above the longest": Creation(
        spec={"retry": {"delaySeconds": 2, "maxDelaySeconds": 1}}, refusal="cannot exceed maxDelaySeconds"
    ),
    "an exception named twice": Creation(spec={"retry": {"retryOn": ["A", "A"]}}, refusal="Duplicate"),
    # other objects
    "an object that waits for itself": Creation(
        name="selfy", spec={"dependsOn": [{"name": "selfy"}]}, refusal="depend on itself"
    ),
    "a path as the name of a Secret": Creation(
        spec={"paramsFrom": [{"name": "p", "secretKeyRef": {"name": "../s", "key": "k"}}]},
        refusal="should match",
    ),
    "a parameter twice": Creation(
        spec={
            "params": {"p": 1},
            "paramsFrom": [{"name": "p", "secretKeyRef": {"name": "s", "key": "k"}}],
        },
        refusal="both in params",
    ),
    # size and shape of params
    "a parameter that is no identifier": Creation(spec={"params": {"a b": 1}}, refusal="an identifier"),
    "params of 64 KiB": Creation(spec={"params": {"a": "x" * 65_536}}, refusal="too large"),
    "params nested 8 levels": Creation(spec={"params": {"a": nested(7)}}),
    "params nested 800 levels": Creation(spec={"params": {"a": nested(800)}}, refusal="nested at most"),
    "args nested 400 levels, with siblings": Creation(
        spec={"args": nested(400, beside=([],))}, refusal="nested at most"
    ),
    # A rule that loops over this list without a size check would take the API server seconds.
    "64 KiB of numbers": Creation(spec={"params": {"a": [1] * 21_800}}),
    # the allow-list
    "a method that nobody allowed": Creation(
        spec={"method": "sned"}, refusal="EmailJob.sned is not in the allow-list; allowed: EmailJob."
    ),
    "a class in the wrong case": Creation(
        spec={"class": "emailjob"}, refusal="emailjob.send is not in the allow-list; allowed: EmailJob.send"
    ),
}
