"""SEC-15: with policies.use.enabled RBAC says who may run which method, and where."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e_product import Namespace, Product, background_job
from tests.cluster.commands import run
from tests.cluster.errors import CommandError
from tests.e2e.security.people import Person, bound, rendered, wait_until_refused

FAILING = background_job("failing", "FailingJob", "run", retry={"maxAttempts": 1})
MAIL = background_job("mail", "EmailJob", "send", params={"to": "a@example.org"})
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "fails"},
    "rules": [
        {
            "apiGroups": ["backgroundjob.dev"],
            "resources": ["backgroundjobmethods"],
            "resourceNames": ["FailingJob.run"],
            "verbs": ["use"],
        }
    ],
}


@pytest.fixture(scope="module")
def people(product: Product, module_namespace: Namespace) -> Iterator[dict[str, Person]]:
    """A user and a ServiceAccount who may use one method in this namespace, and one who may use none."""
    on = ("--set", "policies.use.enabled=true", "--show-only", "templates/policy-use.yaml")
    objects = rendered(product.cluster, *on)
    account = f"system:serviceaccount:{module_namespace.name}:robot"
    roles = ("backgroundjob-edit", "backgroundjob-view")
    people = {
        who: bound(module_namespace, name, *roles)
        for who, name in (("a user", "una"), ("a service account", account), ("nobody", "ned"))
    }
    module_namespace.kubectl("create", "-f", "-", stdin=json.dumps(ROLE))
    grant = {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "fails"}}
    subjects = [
        {"kind": "User", "name": person.name, "apiGroup": "rbac.authorization.k8s.io"}
        for who, person in people.items()
        if who != "nobody"
    ]
    binding = {"apiVersion": ROLE["apiVersion"], "kind": "RoleBinding", "metadata": {"name": "fails"}}
    module_namespace.kubectl(
        "create", "-f", "-", stdin=json.dumps({**binding, **grant, "subjects": subjects})
    )
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    product.cluster.kubectl("create", "-f", "-", stdin=listed)
    try:
        wait_until_refused(people["nobody"], FAILING, "may not use")
        yield people
    finally:
        product.cluster.kubectl("delete", "-f", "-", stdin=listed)


@pytest.mark.parametrize("who", ["a user", "a service account"])
def test_sec_15_who_may_use_a_method_may_run_it_and_no_other(people: dict[str, Person], who: str) -> None:
    person = people[who]
    assert person.creating(FAILING, "--dry-run=server") == ""
    words = f"user {person.name} may not use EmailJob.send in namespace {person.namespace.name}"
    assert words in person.creating(MAIL, "--dry-run=server")


def test_sec_15_who_may_create_objects_and_use_nothing_runs_nothing(people: dict[str, Person]) -> None:
    nobody = people["nobody"]
    assert nobody.may("create", "backgroundjobs.backgroundjob.dev")
    assert "may not use FailingJob.run" in nobody.creating(FAILING, "--dry-run=server")


def test_sec_15_the_right_ends_at_the_namespace(people: dict[str, Person], namespace: Namespace) -> None:
    abroad = bound(namespace, people["a user"].name, "backgroundjob-edit")
    assert f"in namespace {namespace.name}" in abroad.creating(FAILING, "--dry-run=server")


def test_sec_15_a_restart_is_asked_again_and_a_change_of_labels_is_not(people: dict[str, Person]) -> None:
    user, nobody = people["a user"], people["nobody"]
    assert user.creating(FAILING) == ""
    user.namespace.wait("failing", "Failed")
    again = ("patch", "bgjob", "failing", "--type=merge", "-p", '{"spec":{"restarts":1}}')
    assert "may not use FailingJob.run" in nobody.refusal(*again)
    assert nobody.refusal("label", "bgjob", "failing", "seen=yes") == ""
    assert user.refusal(*again) == ""


def test_sec_15_a_real_token_is_judged_as_its_account(people: dict[str, Person], tmp_path: Path) -> None:
    robot = people["a service account"]
    space = robot.namespace
    space.kubectl("create", "serviceaccount", "robot")
    config = json.loads(space.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
    config["users"][0]["user"] = {"token": space.kubectl("create", "token", "robot").strip()}
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    create = ["kubectl", "-n", space.name, "create", "-f", "-", "--dry-run=server"]
    command = space.product.cluster.command(["env", f"KUBECONFIG={tmp_path}/kubeconfig", *create])
    named = json.dumps(FAILING | {"metadata": {"name": "by-token"}})
    assert "created" in run(command, stdin=named)
    with pytest.raises(CommandError, match=f"user {robot.name} may not use EmailJob.send"):
        run(command, stdin=json.dumps(MAIL))
