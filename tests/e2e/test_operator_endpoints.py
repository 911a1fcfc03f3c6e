"""The operator's port, asked through the API server."""

import time

from e2e_product import NAMESPACE, Namespace, Product
from tests.cluster.protocol import wait_for

PROXY = f"/api/v1/namespaces/{NAMESPACE}/services/backgroundjob-operator:http/proxy"


def test_it_is_alive_and_ready(product: Product) -> None:
    assert product.cluster.kubectl("get", "--raw", f"{PROXY}/livez") == "ok\n"
    assert product.cluster.kubectl("get", "--raw", f"{PROXY}/readyz") == "ok\n"


def test_metrics_count_and_never_name_an_object(namespace: Namespace, product: Product) -> None:
    namespace.apply("a-very-telling-name", "EmailJob", "send", params={"to": "secret@example.org"})
    namespace.wait("a-very-telling-name", "Succeeded")
    text = product.cluster.kubectl("get", "--raw", f"{PROXY}/metrics")
    assert 'backgroundjob_transitions_total{reason="Completed",state="Succeeded"}' in text
    for secret in ("a-very-telling-name", namespace.name, "secret@example.org", "EmailJob"):
        assert secret not in text


def test_its_log_tells_transitions_and_no_parameter(namespace: Namespace, product: Product) -> None:
    namespace.apply("mail", "EmailJob", "send", params={"to": "secret@example.org"})
    namespace.wait("mail", "Succeeded")
    log = product.cluster.kubectl("-n", NAMESPACE, "logs", "deployment/backgroundjob-operator")
    assert f"{namespace.name}/mail Running→Succeeded reason=Completed attempt=1" in log
    assert "secret@example.org" not in log


def test_a_method_added_to_the_allow_list_can_be_run_at_once(namespace: Namespace, product: Product) -> None:
    entry = '{"data": {"EmailJob.later": "target: jobs.email:EmailJob.send\\nparams: {}\\n"}}'
    config_map = ("-n", NAMESPACE, "patch", "configmap", "backgroundjob-allow-list", "--type=merge", "-p")
    product.cluster.kubectl(*config_map, entry)
    try:
        namespace.apply("later", "EmailJob", "later")
        assert namespace.wait("later", "Failed", "Succeeded")["attempts"][0]["cause"] == "NotLoadable"
    finally:
        product.cluster.kubectl(*config_map, '{"data": {"EmailJob.later": null}}')


def test_the_operator_knows_whether_admission_has_its_allow_list(product: Product) -> None:
    until_admission_is(product, current=True)
    product.cluster.kubectl("delete", "validatingadmissionpolicybinding", "backgroundjob-anchor")
    try:
        label = ("label", "configmap", "backgroundjob-allow-list", f"asked={time.time_ns()}", "--overwrite")
        product.cluster.kubectl("-n", NAMESPACE, *label)  # a new version, which it asks about
        until_admission_is(product, current=False)
    finally:
        product.install()
    until_admission_is(product, current=True)


def until_admission_is(product: Product, *, current: bool) -> None:
    def holds() -> bool:
        text = product.cluster.kubectl("get", "--raw", f"{PROXY}/metrics")
        return f"backgroundjob_admission_current {float(current)}" in text

    wait_for(holds, f"admission_current {float(current)}", timeout_seconds=60)
