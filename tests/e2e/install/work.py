"""Jobs of every kind that a change of versions meets: running, waiting, delayed, about to be tried again."""

from collections import Counter
from datetime import datetime

from e2e_product import Namespace

OUTCOMES = {"long": "Succeeded", "delayed": "Succeeded", "failing": "Failed", "email": "Succeeded"}
ATTEMPTS = {"long": 1, "delayed": 1, "failing": 3, "email": 1}


def submit_work(namespace: Namespace) -> None:
    """Returns when one runs, one waits for its time, one has failed once, and one has ended."""
    namespace.apply("long", "HostileJob", "sleep", params={"seconds": 45})
    namespace.apply("delayed", "EmailJob", "send", params={"to": "a@example.org"}, delaySeconds=50)
    namespace.apply(
        "failing", "FailingJob", "run", retry={"maxAttempts": 3, "delays": [20], "jitterPercent": 0}
    )
    namespace.apply("email", "EmailJob", "send", params={"to": "a@example.org"})
    namespace.wait_until("long", lambda status: status.get("reason") == "Running", "running")
    namespace.wait("failing", "Retrying")
    namespace.wait("email", "Succeeded")


def assert_work_is_done(namespace: Namespace, since: datetime) -> None:
    """Each has ended as it should, after as many attempts as it should, each of which had one Job."""
    for name, state in OUTCOMES.items():
        status = namespace.wait(name, "Succeeded", "Failed", timeout_seconds=120)
        assert (status["state"], len(status["attempts"])) == (state, ATTEMPTS[name]), status
    creates = Counter(
        event.name
        for event in namespace.product.audit(since)
        if (event.verb, event.resource, event.code) == ("create", "jobs", 201)
        and event.namespace == namespace.name
    )
    assert sorted(creates.values()) == [1] * sum(ATTEMPTS.values())
