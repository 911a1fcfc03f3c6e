"""What the shop does in the background. It runs in another process: it gets an id, not an object."""

from backgroundjob import JobClass, job


class ReceiptJob(JobClass):
    """Receipts for orders."""

    @job(unique="receipt-{order}", retries=5)
    def send(self, order: int) -> str:
        """Pretend to send the receipt of one order."""
        return f"sent the receipt of order {order}"
