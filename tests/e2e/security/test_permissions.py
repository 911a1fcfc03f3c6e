"""SEC-11 and SEC-14: what the operator may do, and what view, edit and admin get, as the API server says."""

import json
from pathlib import Path

import pytest

from e2e_product import NAMESPACE, OPERATOR_USER, Namespace, background_job
from tests.e2e.security.people import Person, bound

GOLDEN = Path(__file__).with_name("operator-can-i.txt")
DANGEROUS = [
    *(f"{verb} secrets" for verb in ("get", "list", "watch", "create", "update", "patch", "delete")),
    "create pods",
    "create pods/exec",
    "create pods/attach",
    "create pods/portforward",
    "patch pods/ephemeralcontainers",
    "create serviceaccounts/token",
    "escalate clusterroles.rbac.authorization.k8s.io",
    "bind clusterroles.rbac.authorization.k8s.io",
    "create rolebindings.rbac.authorization.k8s.io",
    "impersonate users",
    "impersonate groups",
    "impersonate serviceaccounts",
    "create backgroundjobs.backgroundjob.dev",
    "update backgroundjobs.backgroundjob.dev",
    "patch configmaps",
    "get nodes",
    "get namespaces",
    "* *",
]


def rights(namespace: Namespace, where: str, user: str) -> list[str]:
    """`kubectl auth can-i --list` of a user, one right a line, with single spaces."""
    text = namespace.product.cluster.kubectl(
        "-n", where, "auth", "can-i", "--list", "--no-headers", f"--as={user}"
    )
    return sorted(" ".join(line.split()) for line in text.splitlines() if line.strip())


def test_sec_11_the_operator_may_do_exactly_what_the_golden_file_says(namespace: Namespace) -> None:
    """Without what any ServiceAccount may do, which is Kubernetes' own and differs between versions."""
    found = []
    for where, title in ((namespace.name, "any namespace"), (NAMESPACE, "its own namespace")):
        everybodys = rights(namespace, where, f"system:serviceaccount:{where}:somebody")
        assert not any("backgroundjob" in right for right in everybodys)
        own = [right for right in rights(namespace, where, OPERATOR_USER) if right not in everybodys]
        found += [f"# {title}", *own]
    assert "\n".join(found) + "\n" == GOLDEN.read_text(), "\n".join(found)


@pytest.mark.parametrize("right", DANGEROUS)
def test_sec_11_the_operator_may_do_nothing_dangerous(module_namespace: Namespace, right: str) -> None:
    operator = Person(module_namespace, OPERATOR_USER)
    assert not operator.may(*right.split())
    assert not operator.may(*right.split(), f"--namespace={NAMESPACE}")


@pytest.mark.parametrize(
    ("role", "verbs"),
    [
        ("view", "get list watch"),
        ("edit", "get list watch create update patch delete deletecollection"),
        ("admin", "get list watch create update patch delete deletecollection"),
    ],
)
def test_sec_14_a_built_in_role_holds_ours(module_namespace: Namespace, role: str, verbs: str) -> None:
    person = bound(module_namespace, f"with-{role}", role)
    every = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
    resource = "backgroundjobs.backgroundjob.dev"
    assert [verb for verb in every if person.may(verb, resource)] == [v for v in every if v in verbs.split()]
    for part in ("status", "finalizers"):
        options = ("--subresource", part)
        assert not any(person.may(verb, resource, *options) for verb in ("get", "update", "patch"))


def test_sec_14_view_reads_and_writes_nothing(namespace: Namespace) -> None:
    namespace.apply("mail", "EmailJob", "send", params={"to": "a@example.org"}, suspend=True)
    viewer = bound(namespace, "vera", "view")
    assert "EmailJob" in viewer.kubectl("get", "bgjob", "mail", "-o", "yaml")
    assert "cannot create resource" in viewer.creating(background_job("other", "EmailJob", "send"))
    for refused in (("delete", "bgjob", "mail"), patching("mail", "spec", cancel=True)):
        assert "Forbidden" in viewer.refusal(*refused)


def test_sec_14_edit_runs_jobs_and_writes_no_status_and_no_settings(namespace: Namespace) -> None:
    editor = bound(namespace, "ed", "edit")
    job = background_job("mail", "EmailJob", "send", params={"to": "a@example.org"})
    assert editor.creating(job) == ""
    namespace.wait("mail", "Succeeded")
    refused = editor.refusal(*patching("mail", "status", state="Failed"), "--subresource=status")
    assert "Forbidden" in refused
    assert "backgroundjobs/status" in refused
    for name in ("backgroundjob-allow-list", "backgroundjob-config"):
        for verb in (("get",), ("patch", "--type=merge", "-p", '{"data":{"A.b":"{}"}}'), ("delete",)):
            command = (verb[0], "configmap", name, *verb[1:], f"--namespace={NAMESPACE}")
            assert "Forbidden" in editor.refusal(*command)
    assert "Forbidden" in editor.refusal("get", "bgjob", f"--namespace={NAMESPACE}")


def patching(name: str, part: str, **fields: object) -> tuple[str, ...]:
    return ("patch", "bgjob", name, "--type=merge", "-p", json.dumps({part: fields}))
