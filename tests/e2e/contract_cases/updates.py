"""What may change, in which stage of an object's life, and the words with which the rest is refused."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

Change = tuple[str, dict[str, Any]]
"""`spec` or `status`, and the merge patch of it."""

NOON = "2026-01-01T12:00:00Z"
TERMINAL = {"status": "True", "reason": "Done", "lastTransitionTime": NOON}
COMPLETE = {"type": "Complete", **TERMINAL}
FAILED = {"type": "Failed", **TERMINAL}
SECRET = {"name": "p", "secretKeyRef": {"name": "s", "key": "k"}}

START: Change = ("status", {"startTime": NOON, "state": "Running"})
CANCEL: Change = ("spec", {"cancel": True})
FINISH: Change = ("status", {"restartsObserved": 0, "conditions": [COMPLETE]})
RESTART: Change = ("spec", {"restarts": 1, "cancel": False})
TAKE_UP: Change = ("status", {"restartsObserved": 1, "conditions": [], "startTime": None})


class Stage(Enum):
    """How far an object has come: the changes that brought it there."""

    NEW = ()
    STARTED = (START,)
    CANCELLED = (START, CANCEL)
    COMPLETED = (START, CANCEL, FINISH)
    RESTARTED = (START, CANCEL, FINISH, RESTART)
    TAKEN_UP = (START, CANCEL, FINISH, RESTART, TAKE_UP)


@dataclass(frozen=True, slots=True)
class Update:
    """One change in one stage. `refusal` is part of the answer; empty: it is accepted."""

    stage: Stage
    spec: dict[str, Any] | None = None
    status: dict[str, Any] | None = None
    refusal: str = ""


IMMUTABLE = "immutable"
STARTED = "after the first attempt has started"
TAKEN_BACK = "cannot be taken back"
FINAL = "a terminal condition is final"

UPDATES = {
    "params of a new object": Update(Stage.NEW, spec={"params": {"to": "b"}}, refusal=IMMUTABLE),
    "removing params": Update(Stage.NEW, spec={"params": None}, refusal=IMMUTABLE),
    "args": Update(Stage.NEW, spec={"args": [1]}, refusal=IMMUTABLE),
    "removing args": Update(Stage.NEW, spec={"args": None}, refusal=IMMUTABLE),
    "queue": Update(Stage.NEW, spec={"queue": "x"}, refusal=IMMUTABLE),
    "retry": Update(Stage.NEW, spec={"retry": {"maxAttempts": 4}}, refusal=IMMUTABLE),
    "removing retry": Update(Stage.NEW, spec={"retry": None}, refusal=IMMUTABLE),
    "removing dependsOn": Update(Stage.NEW, spec={"dependsOn": None}, refusal=IMMUTABLE),
    "concurrencyKey": Update(Stage.NEW, spec={"concurrencyKey": "k"}, refusal=IMMUTABLE),
    "paramsFrom": Update(Stage.NEW, spec={"paramsFrom": [SECRET]}, refusal=IMMUTABLE),
    "class": Update(Stage.NEW, spec={"class": "X"}, refusal=IMMUTABLE),
    "method": Update(Stage.NEW, spec={"method": "x"}, refusal=IMMUTABLE),
    "suspend": Update(Stage.NEW, spec={"suspend": True}),
    "priority of a new object": Update(Stage.NEW, spec={"priority": 5}),
    "delay of a new object": Update(Stage.NEW, spec={"delaySeconds": 6}),
    "restarts of a new object": Update(Stage.NEW, spec={"restarts": 1}, refusal="only after"),
    "priority of a started object": Update(Stage.STARTED, spec={"priority": 6}, refusal=STARTED),
    "delay of a started object": Update(Stage.STARTED, spec={"delaySeconds": 7}, refusal=STARTED),
    "removing the delay of a started object": Update(
        Stage.STARTED, spec={"delaySeconds": None}, refusal=STARTED
    ),
    "time to live of a started object": Update(Stage.STARTED, spec={"ttlSecondsAfterFinished": 1}),
    "cancel": Update(Stage.STARTED, spec={"cancel": True}),
    "taking cancel back": Update(Stage.CANCELLED, spec={"cancel": False}, refusal=TAKEN_BACK),
    "removing cancel": Update(Stage.CANCELLED, spec={"cancel": None}, refusal=TAKEN_BACK),
    "two ends at once": Update(
        Stage.STARTED, status={"conditions": [COMPLETE, FAILED]}, refusal="exclude each other"
    ),
    "completion": Update(Stage.STARTED, status={"restartsObserved": 0, "conditions": [COMPLETE]}),
    "another end": Update(Stage.COMPLETED, status={"conditions": [FAILED]}, refusal=FINAL),
    "another reason of the end": Update(
        Stage.COMPLETED, status={"conditions": [COMPLETE | {"reason": "Other"}]}, refusal=FINAL
    ),
    "removing the end": Update(Stage.COMPLETED, status={"conditions": None}, refusal=FINAL),
    "restart and clearing cancel": Update(Stage.COMPLETED, spec={"restarts": 1, "cancel": False}),
    "fewer restarts": Update(Stage.RESTARTED, spec={"restarts": 0}, refusal="only grow"),
    "observing a restart that nobody asked for": Update(
        Stage.RESTARTED, status={"restartsObserved": 2}, refusal="cannot exceed"
    ),
    "taking up a restart": Update(
        Stage.RESTARTED, status={"restartsObserved": 1, "conditions": [], "startTime": None}
    ),
    "priority after a restart": Update(Stage.TAKEN_UP, spec={"priority": 7}),
}
