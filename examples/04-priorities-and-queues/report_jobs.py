"""Reports wait in a queue of their own; of one customer's exports, one runs at a time."""

import time

from backgroundjob import JobClass, job


class ReportJob(JobClass):
    """Reports for customers."""

    @job(queue="reports", priority="low")
    def build(self, title: str) -> float:
        """Build one report; return when it started."""
        started = time.time()
        time.sleep(0.1)  # here a real job would work
        return started

    @job(concurrency_key="export-{customer}")
    def export(self, customer: str, part: int) -> tuple[float, float]:
        """Write one part of a customer's export; return when it started and ended."""
        started = time.time()
        time.sleep(0.3)
        return started, time.time()
