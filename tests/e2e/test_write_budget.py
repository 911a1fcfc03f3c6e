"""What the operator costs the API server, counted from the API server's own audit log."""

from collections import Counter

from e2e_product import OPERATOR_USER, Namespace, Product, utc_now

JOBS = 10
WRITE_VERBS = frozenset({"create", "update", "patch", "delete", "deletecollection"})
READ_VERBS = frozenset({"get", "list"})


def test_a_first_try_success_costs_at_most_three_writes_and_no_read(
    namespace: Namespace, product: Product
) -> None:
    # A new leader lists Jobs once, before the first of all.
    namespace.apply("before", "EmailJob", "send", params={"to": "a@example.org"})
    namespace.wait("before", "Succeeded")
    since = utc_now()
    for number in range(JOBS):
        namespace.apply(f"email-{number}", "EmailJob", "send", params={"to": "a@example.org"})
    for number in range(JOBS):
        namespace.wait(f"email-{number}", "Succeeded")
    asked = [event for event in product.audit(since) if event.user == OPERATOR_USER]
    writes = [event for event in asked if event.verb in WRITE_VERBS and event.namespace == namespace.name]
    by_kind = Counter((event.verb, event.resource, event.subresource) for event in writes)
    print(f"operator writes for {JOBS} jobs: {len(writes)} {dict(by_kind)}")
    assert len(writes) <= 3 * JOBS
    assert by_kind["create", "jobs", ""] == JOBS
    assert not [event for event in writes if event.resource == "events"]
    assert [event for event in asked if event.verb in READ_VERBS] == []
