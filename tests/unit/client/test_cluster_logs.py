"""Logs on a cluster come from the pods of the attempts."""

from typing import Any

import pytest

from backgroundjob import AccessDenied, LogsUnavailable
from backgroundjob.backends import kube_logs
from backgroundjob.backends.cluster import ClusterBackend
from fake_api_server import FakeApiServer

MINE = "/apis/backgroundjob.dev/v1alpha1/namespaces/shop/backgroundjobs/mine"
PODS = "/api/v1/namespaces/shop/pods"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube_logs, "_PAUSE_SECONDS", 0)


def job(state: str) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": "mine", "uid": "u1"}
    return {"metadata": metadata, "spec": {}, "status": {"state": state, "reason": "Because"}}


def pods(*attempts: int, containers: tuple[str, ...] = ("runner",)) -> dict[str, Any]:
    return {
        "items": [
            {
                "metadata": {
                    "namespace": "shop",
                    "name": f"pod-{attempt}",
                    "labels": {"backgroundjob.dev/attempt": str(attempt)},
                },
                "spec": {"containers": [{"name": name} for name in containers]},
            }
            for attempt in attempts
        ]
    }


def log_path(attempt: int) -> str:
    return f"{PODS}/pod-{attempt}/log"


def test_the_newest_attempt_is_printed_unless_one_is_named(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    api.answer("GET", MINE, job("Failed"))
    api.answer("GET", PODS, pods(2, 10, 1))
    api.answer("GET", log_path(10), b"ten\r\nlast \xff line")
    api.answer("GET", log_path(1), b"one\n")
    assert list(cluster.logs("shop", "mine")) == ["ten", "last \ufffd line"]
    assert list(cluster.logs("shop", "mine", attempt=1)) == ["one"]
    assert api.requests[1][1] == f"{PODS}?labelSelector=backgroundjob.dev/uid%3Du1"


def test_errors_alone_can_be_asked_for(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, job("Failed"))
    api.answer("GET", PODS, pods(1))
    api.answer("GET", log_path(1), b"fine\nERROR no\n")
    assert list(cluster.logs("shop", "mine", errors=True)) == ["ERROR no"]


def test_a_sidecar_before_our_container_is_passed_over(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, job("Failed"))
    api.answer("GET", PODS, pods(1, containers=("istio-proxy", "runner")))
    api.answer("GET", log_path(1), b"")
    list(cluster.logs("shop", "mine"))
    assert api.requests[-1][1].endswith("?container=runner")


@pytest.mark.parametrize(
    ("state", "attempts", "asked", "problem"),
    [
        ("Queued", (), None, "it is Queued (Because); no attempt has started"),
        ("Failed", (), None, "it is Failed (Because) and no attempt was made"),
        ("Running", (1, 2), 5, "attempt 5 has no pod (any more); attempts with one: 1, 2"),
    ],
)
@pytest.mark.parametrize("follow", [False, True])
def test_no_pod_is_told_with_the_reason(
    api: FakeApiServer,
    cluster: ClusterBackend,
    *,
    state: str,
    attempts: tuple[int, ...],
    asked: int | None,
    problem: str,
    follow: bool,
) -> None:
    api.answer("GET", MINE, job(state))
    api.answer("GET", MINE, job("Failed" if follow and state != "Failed" else state))
    api.answer("GET", PODS, pods(*attempts))
    with pytest.raises(LogsUnavailable) as caught:
        list(cluster.logs("shop", "mine", attempt=asked, follow=follow))
    if not follow:
        assert caught.value.problem == problem


SYSTEM = "/api/v1/namespaces/backgroundjob-system/configmaps/backgroundjob-"


@pytest.mark.parametrize(
    ("config", "kept"),
    [
        (
            {"data": {"times": "{keepSucceededJobsSeconds: 600, keepFailedJobsSeconds: 172800}"}},
            ("10m", "2d"),
        ),
        ({"data": {"times": "keepFailedJobsSeconds: soon"}}, ("60m", "24h")),
        (None, ("60m", "24h")),
    ],
)
def test_a_pod_that_is_gone_leads_to_the_log_store(
    api: FakeApiServer, cluster: ClusterBackend, config: Any, kept: tuple[str, str]
) -> None:
    document = job("Succeeded")
    document["status"]["attempts"] = [{"number": 1}]
    api.answer("GET", MINE, document)
    api.answer("GET", PODS, pods())
    api.refuse("GET", f"{SYSTEM}allow-list", 403, "no")
    if config is None:
        api.refuse("GET", f"{SYSTEM}config", 403, "no")
    else:
        api.answer("GET", f"{SYSTEM}config", config)
    with pytest.raises(LogsUnavailable) as caught:
        list(cluster.logs("shop", "mine"))
    assert (
        f"stay {kept[0]} after a success (keepSucceededJobsSeconds), {kept[1]} after" in caught.value.problem
    )
    assert caught.value.next_step == (
        "ask your cluster's log store for the label backgroundjob.dev/name=mine in the namespace shop"
    )


def test_a_container_that_has_not_started_is_told(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, job("Running"))
    api.answer("GET", PODS, pods(1))
    api.refuse("GET", log_path(1), 400, "container is waiting to start: ContainerCreating")
    with pytest.raises(LogsUnavailable, match="attempt 1: container is waiting to start: ContainerCreating"):
        list(cluster.logs("shop", "mine"))


def test_following_waits_for_the_start_and_goes_on_over_attempts(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    for state in ("Queued", "Running", "Running", "Retrying", "Running", "Succeeded"):
        api.answer("GET", MINE, job(state))
    for found in ((), (1,), (1,), (1,), (1, 2)):
        api.answer("GET", PODS, pods(*found))
    api.refuse("GET", log_path(1), 400, "waiting to start")
    api.answer("GET", log_path(1), b"first\n")
    api.answer("GET", log_path(2), b"second\n")
    assert list(cluster.logs("shop", "mine", follow=True)) == ["first", "second"]
    assert sum("follow=true" in path for _, path, _ in api.requests) == 3


def test_following_one_attempt_ends_with_it(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, job("Retrying"))
    api.answer("GET", PODS, pods(1, 2))
    api.answer("GET", log_path(1), b"first\n")
    assert list(cluster.logs("shop", "mine", attempt=1, follow=True)) == ["first"]


def test_following_a_finished_job_prints_it_once(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, job("Succeeded"))
    api.answer("GET", PODS, pods(1, 2))
    api.answer("GET", log_path(2), b"second\n")
    assert list(cluster.logs("shop", "mine", follow=True)) == ["second"]


def test_pods_that_may_not_be_read_are_a_matter_of_permission(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    api.answer("GET", MINE, job("Failed"))
    api.refuse("GET", PODS, 403, 'cannot list resource "pods"')
    with pytest.raises(AccessDenied, match='cannot list resource "pods"'):
        list(cluster.logs("shop", "mine"))
