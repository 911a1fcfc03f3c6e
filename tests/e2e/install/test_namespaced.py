"""An operator without a single cluster-wide right, beside a cluster that others administer."""

import json
from collections.abc import Iterator

import pytest

from e2e_product import Namespace, Product, utc_now
from e2e_release import Release

RELEASE = "namespaced"
USER = f"system:serviceaccount:{RELEASE}:backgroundjob-operator"


@pytest.fixture
def release(product: Product, namespace: Namespace) -> Iterator[Release]:
    """Watches the test's namespace alone; the CRD and the policies stay the other release's."""
    found = Release(cluster=product.cluster, images=product.images, name=RELEASE, namespace=RELEASE)
    product.release.install(values={"policies.guard.operators": [USER]})
    product.scale(0)
    off = dict.fromkeys(("crds.enabled", "policies.enabled", "rbac.clusterRoles"), False)
    found.install(values={**off, "watchNamespaces": [namespace.name]})
    found.wait_ready()
    yield found
    found.uninstall()
    product.cluster.kubectl("delete", "namespace", RELEASE)
    product.install()


def test_sec_12_it_needs_no_cluster_wide_right_and_asks_for_nothing_beyond_its_namespaces(
    namespace: Namespace, product: Product, release: Release
) -> None:
    since = utc_now()
    kinds = {
        line.split()[-1]
        for line in release.helm("get", "manifest", RELEASE).splitlines()
        if line[:5] == "kind:"
    }
    assert not {kind for kind in kinds if kind.startswith(("Cluster", "Custom", "Validating"))}, kinds

    namespace.apply("mail", "EmailJob", "send", params={"to": "a@example.org"})
    product.cluster.kubectl("create", "namespace", "beyond")
    beyond = Namespace(product, "beyond")
    try:
        beyond.apply("mail", "EmailJob", "send", params={"to": "a@example.org"})
        namespace.wait("mail", "Succeeded")
        assert beyond.status("mail") == {}
    finally:
        product.cluster.kubectl("delete", "namespace", "beyond", "--wait=false")

    asked = [event for event in product.audit(since) if event.user == USER]
    assert {event.namespace for event in asked if event.resource} == {namespace.name, RELEASE}
    assert {event.code for event in asked} <= {200, 201}
    for place in ("beyond", "default"):
        assert granted(product, place) == []
    assert granted(product, namespace.name)


def granted(product: Product, place: str) -> list[str]:
    """What the operator may do there with the kinds it uses."""
    found = []
    for kind in (
        "backgroundjobs.backgroundjob.dev",
        "jobs.batch",
        "pods",
        "configmaps",
        "secrets",
        "leases.coordination.k8s.io",
    ):
        for verb in ("get", "list", "watch", "create", "patch", "delete"):
            attributes = {
                "namespace": place,
                "verb": verb,
                "resource": kind.partition(".")[0],
                "group": kind.partition(".")[2],
            }
            review = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {
                    "user": USER,
                    "groups": ["system:serviceaccounts"],
                    "resourceAttributes": attributes,
                },
            }
            answer = product.cluster.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(review))
            if json.loads(answer)["status"]["allowed"]:
                found.append(f"{verb} {kind}")
    return found
