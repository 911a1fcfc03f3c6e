"""Two replicas of the operator as processes, one of which leads."""

import time
from dataclasses import dataclass
from datetime import datetime

from e2e_operator import OperatorProcess
from e2e_product import Product
from tests.cluster.audit import AuditEvent

LEASE = "backgroundjob-operator"
"""The only one that the operator's roles name; its pods are away meanwhile."""
FAST = {"LEASE_DURATION_SECONDS": "3", "LEASE_RENEW_DEADLINE_SECONDS": "2", "LEASE_RETRY_PERIOD_SECONDS": "1"}
"""For tests with many changes of hands; the others keep 15, 10 and 2 s."""
WRITE_VERBS = frozenset({"create", "update", "patch", "delete"})


@dataclass(frozen=True, slots=True)
class Replicas:
    """Two of them."""

    product: Product
    processes: tuple[OperatorProcess, OperatorProcess]

    def start(self) -> None:
        """The first leads, the second is synced."""
        for process in self.processes:
            process.start()
            assert process.wait_for_line("synced", 60), process.log
            assert self.processes[0].wait_for_line(" leads (", 30), self.processes[0].log

    def leader(self, timeout_seconds: float = 30) -> OperatorProcess:
        """The one of the present lives that was elected."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            for process in self.processes:
                if process.leads:
                    return process
            time.sleep(0.01)
        raise AssertionError("nobody leads:\n" + "\n".join(process.log for process in self.processes))

    def other(self, process: OperatorProcess) -> OperatorProcess:
        """The one that is not this one."""
        first, second = self.processes
        return second if process is first else first

    def writes(self, since: datetime, replica: str) -> list[AuditEvent]:
        """What that life of a replica wrote, without the Lease, by the API server's own log."""
        return [
            event
            for event in self.product.audit(since)
            if event.verb in WRITE_VERBS
            and event.resource != "leases"
            and event.user_agent.endswith(f"({replica})")
        ]
