"""Users of the cluster, by impersonation: the API server treats them as if they had logged in."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from e2e_product import NAMESPACE, ROOT, Document, Namespace
from tests.cluster.commands import run
from tests.cluster.errors import CommandError
from tests.cluster.protocol import Cluster, wait_for

ADMISSION_SECONDS: Final = 30
"""Until a new policy or binding works; usually one."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works in one namespace; the cluster administrator when the name is empty."""

    namespace: Namespace
    name: str = ""

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Kubectl in the namespace as this user."""
        identity = (f"--as={self.name}",) if self.name else ()
        return self.namespace.kubectl(*arguments, *identity, stdin=stdin)

    def refusal(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl says when it is refused; empty when it is not."""
        try:
            self.kubectl(*arguments, stdin=stdin)
        except CommandError as error:
            return error.output
        return ""

    def creating(self, document: Mapping[str, Any], *options: str) -> str:
        """The refusal of creating it."""
        return self.refusal("create", "-f", "-", *options, stdin=json.dumps(document))

    def may(self, verb: str, resource: str, *options: str) -> bool:
        """Whether RBAC grants it, by the API server's own answer."""
        try:
            answer = self.kubectl("auth", "can-i", verb, resource, *options)
        except CommandError as error:
            answer = error.output
        found = re.findall(r"^(yes|no)\b", answer, re.MULTILINE)
        assert found, f"no answer to can-i {verb} {resource}: {answer}"
        return bool(found[-1] == "yes")


def bound(namespace: Namespace, name: str, *roles: str) -> Person:
    """A user with those ClusterRoles in the namespace."""
    for role in roles:
        namespace.kubectl("create", "-f", "-", stdin=json.dumps(binding(name, role)))
    return Person(namespace, name)


def binding(name: str, role: str) -> Document:
    """A RoleBinding of a user, or of a ServiceAccount by its user name, to a ClusterRole."""
    subject = {"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"{name.replace(':', '-')}-{role}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [subject],
    }


def rendered(cluster: Cluster, *arguments: str) -> list[Document]:
    """The chart's objects as `helm template` renders them, with those arguments."""
    chart = str(ROOT / "charts/backgroundjob")
    command = ["helm", "template", "backgroundjob", chart, "--namespace", NAMESPACE, *arguments]
    text = run(cluster.command(command))
    listed = cluster.kubectl("create", "--dry-run=client", "-o", "json", "-f", "-", stdin=text)
    return documents(listed)


def documents(text: str) -> list[Document]:
    """The objects that kubectl prints: a List, or one JSON document after another."""
    decoder, position = json.JSONDecoder(), 0
    found: list[Document] = []
    while position < len(text.rstrip()):
        document, position = decoder.raw_decode(text, position)
        found += document["items"] if document.get("kind") == "List" else [document]
        position += len(text[position:]) - len(text[position:].lstrip())
    return found


def wait_until_refused(person: Person, document: Mapping[str, Any], words: str) -> None:
    """A policy works a moment after it was created."""
    wait_for(
        lambda: words in person.creating(document, "--dry-run=server"),
        f"the refusal {words!r}",
        timeout_seconds=ADMISSION_SECONDS,
    )


def pod(name: str = "pod", **spec: Any) -> Document:
    """A pod that would run if it were let in."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "mine"}},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "localhost/none:1", "imagePullPolicy": "Never"}],
            **spec,
        },
    }


def job(name: str = "job", **spec: Any) -> Document:
    """A Job of such a pod."""
    template = pod()
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": {"app": "mine"}},
        "spec": {"template": {"metadata": template["metadata"], "spec": template["spec"]}, **spec},
    }
