"""The operator's port, asked through the API server."""

from e2e_product import NAMESPACE, Namespace, Product

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
