"""How a row of test_every_value says what a value changes, and the words for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from tests.chart_tool.helm import Objects

OPERATOR: Final = "Deployment/backgroundjob-operator"
ALLOW_LIST: Final = "ConfigMap/backgroundjob-allow-list"
CONFIG: Final = "ConfigMap/backgroundjob-config"
POLICY: Final = "ValidatingAdmissionPolicy/backgroundjob"
CRD: Final = "CustomResourceDefinition/backgroundjobs.backgroundjob.dev"
DIGEST: Final = f"sha256:{'0' * 64}"
NOTE: Final = {"note": "x"}
TEST_ROLES: Final = {"Role/backgroundjob-test", "RoleBinding/backgroundjob-test"}
PEERS: Final = [{"ipBlock": {"cidr": "10.0.0.0/8"}}]
RULES: Final = [{"to": PEERS}]
RELABELING: Final = [{"action": "labeldrop", "regex": "pod"}]

Holds = Callable[[Objects], bool]


@dataclass(frozen=True)
class Row:
    """A value, what must then hold and does not hold otherwise, and other values that both have."""

    value: Any
    holds: Holds
    given: Mapping[str, Any] = field(default_factory=dict)


def pod(objects: Objects) -> dict[str, Any]:
    found: dict[str, Any] = objects[OPERATOR]["spec"]["template"]
    return found


def container(objects: Objects) -> dict[str, Any]:
    found: dict[str, Any] = pod(objects)["spec"]["containers"][0]
    return found


def environment(objects: Objects) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container(objects)["env"]}


def settings(objects: Objects, topic: str) -> Any:
    return yaml.safe_load(objects[CONFIG]["data"][topic])


def exists(key: str) -> Holds:
    return lambda objects: key in objects


def gone(*keys: str) -> Holds:
    return lambda objects: not set(keys) & set(objects)


def pod_has(name: str, value: Any) -> Holds:
    return lambda objects: pod(objects)["spec"][name] == value


def container_has(name: str, value: Any) -> Holds:
    return lambda objects: container(objects)[name] == value


def told(variable: str, value: str) -> Holds:
    return lambda objects: environment(objects)[variable] == value


def image_is(image: str) -> Holds:
    return container_has("image", image)


def annotated(key: str, path: str = "annotations") -> Holds:
    return lambda objects: objects[key]["metadata"][path]["note"] == "x"


def says(key: str, *path: str | int, value: Any) -> Holds:
    """The object has this value at this place."""

    def holds(objects: Objects) -> bool:
        found: Any = objects[key]
        for step in path:
            found = found[step]
        return bool(found == value)

    return holds
