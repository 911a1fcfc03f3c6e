"""What happens to the operator, its configuration or a whole namespace leaves the other jobs alone."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from backgroundjob.api.labels import CONFIG_CONFIG_MAP
from e2e_product import NAMESPACE, Namespace, Product, utc_now
from tests.cluster.protocol import wait_for
from tests.e2e.faults.fault_place import FaultPlace, ledger, open_place
from tests.e2e.faults.observed import operator_requests
from tests.e2e.faults.settings import ConfigMapEditor

PROXY = f"/api/v1/namespaces/{NAMESPACE}/services/backgroundjob-operator:http/proxy"
RUNNING_ONES = 3


def test_an_operator_restarted_during_back_off_keeps_the_time_of_the_retry(place: FaultPlace) -> None:
    place.namespace.apply("invoice", "InvoiceJob", "create", params={"number": 7}, retry={"delays": [10]})
    before = place.namespace.wait("invoice", "Retrying")
    place.product.scale(0)
    place.product.scale(1)
    after = place.namespace.status("invoice")
    assert after["nextRetryTime"] == before["nextRetryTime"]
    assert after["attempts"] == before["attempts"]
    status = place.namespace.wait("invoice", "Succeeded")
    assert ledger(status) == [("Failed", "AppError", True), ("Succeeded", None, True)]
    place.assert_one_job_per_attempt(2)
    due = datetime.fromisoformat(before["nextRetryTime"])
    late_seconds = (place.created()[1].request_time - due).total_seconds()
    print(f"attempt 2 was created {late_seconds:.2f} s after its time")
    assert late_seconds >= 0


def test_a_malformed_configuration_changes_nothing_until_it_is_repaired(place: FaultPlace) -> None:
    config = ConfigMapEditor(place.product.cluster, CONFIG_CONFIG_MAP)
    problems = metric(place.product, "backgroundjob_settings_problems")
    with config.changed({"limits": "concurrency: 1\n"}):
        place.patient("first")
        config.write({"limits": "concurrency: [2\n"})
        wait_for(
            lambda: metric(place.product, "backgroundjob_settings_problems") == problems + 1,
            "the metric of the malformed key",
            timeout_seconds=30,
        )
        assert f"ConfigMap {CONFIG_CONFIG_MAP} is not used: not YAML" in operator_log(place.product)
        place.namespace.apply("second", "PatientJob", "run")
        assert place.namespace.wait("second", "Queued")["reason"] == "GlobalLimit"
        config.write({"limits": "concurrency: 2\n"})
        assert ledger(place.namespace.wait("second", "Succeeded")) == [("Succeeded", None, True)]
        assert place.namespace.status("first")["state"] == "Running"
        assert metric(place.product, "backgroundjob_settings_problems") == problems
    place.assert_one_job_per_attempt(2)


def test_a_namespace_deleted_under_running_jobs_ends_them_and_no_others(
    place: FaultPlace, doomed: FaultPlace
) -> None:
    place.patient()
    for number in range(RUNNING_ONES):
        doomed.patient(f"patient-{number}")
    lines, since = len(operator_log(place.product).splitlines()), utc_now()
    doomed.product.cluster.kubectl("delete", "namespace", doomed.namespace.name, "--timeout=60s")
    gone = utc_now()
    place.namespace.apply("other", "PatientJob", "run")
    place.namespace.wait("other", "Succeeded")
    assert place.namespace.status("patient")["state"] == "Running"
    place.patch("patient", cancel=True)
    place.namespace.wait("patient", "Cancelled")
    asked = operator_requests(place.product, since, doomed.namespace.name)
    late = [event for event in asked if event.request_time > gone]
    written = operator_log(place.product).splitlines()[lines:]
    about = [line for line in written if doomed.namespace.name in line]
    print(
        f"{len(asked)} requests in the dying namespace, {len(late)} after it was gone; "
        f"{len(written)} lines of log, {len(about)} about it; it took {(gone - since).total_seconds():.1f} s"
    )
    assert late == []
    assert not [event for event in asked if (event.verb, event.code) == ("create", 201)]
    assert len(asked) <= 6 * RUNNING_ONES
    assert len(about) <= 6 * RUNNING_ONES
    assert "Traceback" not in "\n".join(written)


@pytest.fixture
def doomed(place: FaultPlace) -> Iterator[FaultPlace]:
    """A second namespace."""
    name = f"{place.namespace.name}-doomed"
    place.product.cluster.kubectl("create", "namespace", name)
    yield open_place(Namespace(place.product, name), place.product, place.pods)
    place.product.cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


def metric(product: Product, name: str) -> float:
    """Value of a metric without labels."""
    text = product.cluster.kubectl("get", "--raw", f"{PROXY}/metrics")
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


def operator_log(product: Product) -> str:
    """All that the present operator wrote."""
    return product.cluster.kubectl("-n", NAMESPACE, "logs", "deployment/backgroundjob-operator", "--tail=-1")
