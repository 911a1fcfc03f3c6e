"""What an administrator runs first: `helm test`, and the raw manifests."""

import json

import pytest

from e2e_product import NAMESPACE, ROOT, Namespace, Product
from tests.cluster.errors import CommandError
from tests.e2e.faults.settings import ConfigMapEditor

SELF_TEST = "backgroundjob.SelfTest.run"


def test_helm_test_runs_a_job_and_says_so(product: Product) -> None:
    told = product.release.helm("test", product.release.name, "--logs")
    assert f"Test passed: {SELF_TEST} ran in the namespace {NAMESPACE} and Succeeded." in told
    product.release.install(values={"policies.use.enabled": True})
    try:
        assert "Test passed" in product.release.helm("test", product.release.name, "--logs")
    finally:
        product.release.install()
    assert product.release.kubectl("get", "bgjob,pod,role,sa", "-l", "app.kubernetes.io/component=test") == ""


def test_helm_test_fails_with_the_reason_when_the_job_cannot_run(product: Product) -> None:
    editor = ConfigMapEditor(product.cluster, "backgroundjob-config")
    missing = json.dumps({"default": {"image": "localhost/missing:1", "imagePullPolicy": "Never"}})
    settings = {"times": "startDeadlineSeconds: 5", "defaults": "retry: {maxDisruptions: 0}"}
    with editor.changed({"profiles": missing, **settings}):
        with pytest.raises(CommandError):
            product.release.helm("test", product.release.name, "--timeout=180s")
        pod = f"{product.release.name}-test"
        assert product.release.kubectl("logs", pod).startswith(
            "Test failed: BackgroundJob backgroundjob-system/"
        )
        product.release.kubectl("delete", "pod", pod)


def test_the_raw_manifests_make_an_operator_that_helm_can_take_over(cleared: Product) -> None:
    cleared.cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")
    text = (ROOT / "install.yaml").read_text()
    for name, image in (("operator", cleared.images.operator), ("runner", cleared.images.runner)):
        assert f"backgroundjob-{name}:0.1.0" in text
        text = text.replace(f"backgroundjob-{name}:0.1.0", image)
    # Over the anchor that the release left.
    cleared.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
    cleared.wait_ready()
    entry = "target: backgroundjob_runner.selftest:SelfTest.run"
    ConfigMapEditor(cleared.cluster, "backgroundjob-allow-list").write({SELF_TEST: entry})
    system = Namespace(cleared, NAMESPACE)
    class_, _, method = SELF_TEST.rpartition(".")
    system.apply("raw", class_, method)
    assert system.wait("raw", "Succeeded", "Failed", "Rejected")["state"] == "Succeeded"
    cleared.install()
    assert system.status("raw")["state"] == "Succeeded"
