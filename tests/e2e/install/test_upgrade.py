"""From the version before to this one, and from this one to itself, with jobs under way."""

from collections import Counter

from e2e_product import NAMESPACE, Document, Namespace, Product, utc_now
from e2e_release import Release
from previous import Previous
from tests.e2e.install.work import assert_work_is_done, submit_work

ROLLED = {"replicaCount": 2, "podAnnotations": {"rolled": "yes"}}


def test_an_upgrade_from_the_version_before_loses_and_repeats_nothing(
    namespace: Namespace, cleared: Product, previous: Previous
) -> None:
    old = Release(cluster=cleared.cluster, images=previous.images, tree=previous.tree)
    old.install("--take-ownership")  # of the anchor
    old.wait_ready()
    since = utc_now()
    submit_work(namespace)
    cleared.release.install("--take-ownership")  # of the CRD, which Helm did not own then
    cleared.wait_ready()
    deployment = cleared.release.kubectl("get", "deployment", "backgroundjob-operator", "-o", "wide")
    assert cleared.images.operator in deployment
    assert_work_is_done(namespace, since)
    crd = cleared.cluster.kubectl_json("get", "crd", "backgroundjobs.backgroundjob.dev")
    assert crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert crd["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"
    cleared.release.install()  # from now on Helm owns it
    print(f"upgraded from {previous.ref}")


def test_a_rolling_upgrade_of_two_replicas_loses_and_repeats_nothing(
    namespace: Namespace, cleared: Product
) -> None:
    cleared.release.install("--take-ownership", values={"replicaCount": 2})
    cleared.wait_ready()
    since = utc_now()
    names = [f"job-{number}" for number in range(200)]
    submitted = []
    for name in names:
        namespace.apply(name, "HostileJob", "sleep", params={"seconds": 5})
        submitted.append(name)
        if len(submitted) == 5:
            cleared.release.install(values=ROLLED)
        if len(submitted) > 10 and is_rolled_out(cleared):
            break
    for name in submitted:
        namespace.wait(name, "Succeeded")
    events = [event for event in cleared.audit(since) if event.namespace == namespace.name]
    creates = [one for one in events if (one.verb, one.resource, one.code) == ("create", "jobs", 201)]
    assert sorted(Counter(one.name for one in creates).values()) == [1] * len(submitted)
    leaders = {one.user_agent for one in creates}
    print(f"{len(submitted)} jobs by {len(leaders)} leaders, one after the other")
    assert len(leaders) > 1
    for pod in operators(cleared):
        assert rolled(pod) == "yes"
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


def operators(product: Product) -> list[Document]:
    selector = "--selector=app.kubernetes.io/component=operator"
    pods: Document = product.cluster.kubectl_json("-n", NAMESPACE, "get", "pods", selector)
    return list(pods["items"])


def is_rolled_out(product: Product) -> bool:
    """The two new ones are there, and nobody else."""
    return list(map(rolled, operators(product))) == ["yes", "yes"]


def rolled(pod: Document) -> str | None:
    value: str | None = pod["metadata"].get("annotations", {}).get("rolled")
    return value
