"""How long nobody leads when a leader goes, by the audit log, with the usual 15, 10 and 2 s."""

import json
import signal
import time
from datetime import datetime

from e2e_product import NAMESPACE, Namespace, utc_now
from tests.e2e.availability.replicas import LEASE, Replicas

AT_MOST_AFTER_KILL_SECONDS = 20
AT_MOST_AFTER_SIGTERM_SECONDS = 3
STOPPED_SECONDS = 20
NOTICED_SECONDS = 1


def seconds_to_the_first_write(replicas: Replicas, namespace: Namespace, gone: datetime, heir: str) -> float:
    """From that moment on a job is there to be started."""
    namespace.apply("next", "EmailJob", "send", params={"to": "a@example.org"})
    namespace.wait("next", "Succeeded")
    return (replicas.writes(gone, heir)[0].request_time - gone).total_seconds()


def test_a_standby_writes_within_20_seconds_of_a_kill(namespace: Namespace, replicas: Replicas) -> None:
    leader = replicas.leader()
    heir = replicas.other(leader)
    gone = utc_now()
    leader.kill()
    seconds = seconds_to_the_first_write(replicas, namespace, gone, heir.replica)
    print(f"kill -9 to the first write of the standby: {seconds:.1f} s")
    assert seconds < AT_MOST_AFTER_KILL_SECONDS


def test_a_standby_writes_within_3_seconds_of_a_sigterm(namespace: Namespace, replicas: Replicas) -> None:
    leader = replicas.leader()
    heir = replicas.other(leader)
    gone = utc_now()
    leader.signal(signal.SIGTERM)
    seconds = seconds_to_the_first_write(replicas, namespace, gone, heir.replica)
    print(f"SIGTERM to the first write of the standby: {seconds:.1f} s")
    assert leader.ended() == 0
    assert seconds < AT_MOST_AFTER_SIGTERM_SECONDS


def test_whose_lease_is_stolen_writes_nothing_more(namespace: Namespace, replicas: Replicas) -> None:
    since, leader = utc_now(), replicas.leader()
    submit_many(namespace)
    namespace.wait("job-0", "Running", "Succeeded")
    thief = {"holderIdentity": "thief", "leaseDurationSeconds": 5, "renewTime": "2026-01-01T00:00:00.000000Z"}
    patch = json.dumps({"spec": thief})
    replicas.product.cluster.kubectl("-n", NAMESPACE, "patch", "lease", LEASE, "--type=merge", "-p", patch)
    stolen = utc_now()
    assert leader.ended() == 1
    assert "the Lease is lost: thief holds it" in leader.log
    finish_many(namespace)  # the other replica, once the thief is silent for 5 s
    last = max(event.request_time for event in replicas.writes(since, leader.replica))
    print(f"last write of the old leader {(last - stolen).total_seconds():.2f} s after the theft")
    assert (last - stolen).total_seconds() < NOTICED_SECONDS
    assert replicas.writes(stolen, replicas.other(leader).replica)


def test_who_was_stopped_for_20_seconds_writes_nothing_when_it_goes_on(
    namespace: Namespace, replicas: Replicas
) -> None:
    leader = replicas.leader()
    heir = replicas.other(leader)
    submit_many(namespace)
    namespace.wait("job-0", "Running", "Succeeded")
    stopped = utc_now()
    leader.signal(signal.SIGSTOP)
    begin = time.monotonic()
    assert heir.wait_for_line(" leads (", AT_MOST_AFTER_KILL_SECONDS)
    finish_many(namespace)
    time.sleep(max(0.0, STOPPED_SECONDS - (time.monotonic() - begin)))
    leader.signal(signal.SIGCONT)
    assert leader.ended() == 1
    assert replicas.writes(stopped, leader.replica) == []


def submit_many(namespace: Namespace) -> None:
    for number in range(8):
        namespace.apply(f"job-{number}", "HostileJob", "sleep", params={"seconds": number / 2})


def finish_many(namespace: Namespace) -> None:
    for number in range(8):
        namespace.wait(f"job-{number}", "Succeeded")
