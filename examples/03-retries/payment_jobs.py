"""Which failures are tried again, when, and which are not."""

from backgroundjob import Fatal, JobClass, RetryLater, current_job, job


class BankBusy(ConnectionError):
    """The bank asked to come back later."""


class PaymentJob(JobClass):
    """Payments."""

    @job(retries=3, retry_delay="1s", backoff="Exponential", retry_on=[BankBusy])
    def charge(self, order: int) -> dict[str, int]:
        """Charge one order: the bank is busy first, then wants a second, then takes it."""
        if order < 0:
            raise Fatal("there is no such order")  # a retry would fail again
        attempt = current_job().attempt
        if attempt == 1:
            raise BankBusy(f"no answer for order {order}")  # in retry_on: again, after the backoff
        if attempt == 2:
            raise RetryLater(1, "the bank is closed for a second")  # again, when the code says
        return {"order": order, "attempt": attempt}

    @job(retry_on=[BankBusy])
    def refund(self, order: int) -> None:
        """Fail with what is not in `retry_on`: a bug, which no retry mends."""
        raise KeyError(order)
