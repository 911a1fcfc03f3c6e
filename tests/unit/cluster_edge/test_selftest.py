"""`helm test`: one sentence for each way the job may go, and nothing left behind."""

import pytest

from backgroundjob_operator.cluster.kube import KubeCluster
from backgroundjob_operator.engine.actions import ObjectKey
from backgroundjob_operator.selftest import TestFailed, main, run_job
from backgroundjob_runner.target import load
from kube_rules import Document
from kube_stub import KubeStub

KEY = ObjectKey("shop", "backgroundjob-test-1")
COLLECTION = "/apis/backgroundjob.dev/v1alpha1/namespaces/shop/backgroundjobs"
OBJECT = f"{COLLECTION}/{KEY.name}"
CREATED_AND_DELETED = [("POST", COLLECTION), ("DELETE", OBJECT)]


def seen_as(api: KubeStub, status: Document) -> None:
    """Let the object be without a status once, and then with this one."""
    for document in ({}, {"status": status}):
        api.answer("GET", OBJECT, document)


async def test_a_job_that_succeeds_is_deleted(api: KubeStub, kube: KubeCluster) -> None:
    seen_as(api, {"state": "Succeeded"})

    await run_job(kube, KEY, 10)

    spec = api.calls[0].body["spec"]
    assert (spec["class"], spec["method"]) == ("backgroundjob.SelfTest", "run")
    assert api.writes == CREATED_AND_DELETED


async def test_another_end_is_told_with_the_operators_words(api: KubeStub, kube: KubeCluster) -> None:
    seen_as(api, {"state": "Failed", "reason": "StartFailed", "message": "the image cannot be pulled"})

    with pytest.raises(TestFailed) as found:
        await run_job(kube, KEY, 10)

    assert str(found.value) == (
        "BackgroundJob shop/backgroundjob-test-1 ended as Failed, StartFailed, the image cannot be pulled"
    )
    assert api.writes == CREATED_AND_DELETED


async def test_an_operator_that_does_nothing_is_told_and_the_job_goes(
    api: KubeStub, kube: KubeCluster
) -> None:
    with pytest.raises(TestFailed, match=r"is without a status .* after 1 s"):
        await run_job(kube, KEY, 1)

    assert api.writes == CREATED_AND_DELETED


async def test_a_refusal_is_told_with_the_servers_sentence(api: KubeStub, kube: KubeCluster) -> None:
    api.refuse("POST", COLLECTION, 403, "backgroundjob.SelfTest.run is not in the allow-list")

    with pytest.raises(TestFailed, match=r"run is not in the allow-list$"):
        await run_job(kube, KEY, 10)

    assert api.writes == [("POST", COLLECTION)]


async def test_without_a_cluster_the_program_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"BACKGROUNDJOB_TEST_NAMESPACE": "shop", "KUBECONFIG": "/nowhere/kubeconfig"}

    assert await main(environment) == 1

    assert capsys.readouterr().out.startswith("Test failed: no service account is mounted")


def test_what_it_runs_can_be_loaded_from_every_image_of_the_runner() -> None:
    target = load("backgroundjob_runner.selftest:SelfTest.run")
    target.check({})
    assert target.bind()() is None
