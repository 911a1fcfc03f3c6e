"""Fails once, then succeeds."""

from backgroundjob import current_job


class InvoiceServiceError(RuntimeError):
    """The invoice service does not answer."""


class InvoiceJob:
    """Invoice jobs."""

    def create(self, number: int) -> dict[str, int]:
        """Create one invoice; the first attempt finds the service down."""
        attempt = current_job().attempt
        if attempt == 1:
            raise InvoiceServiceError(f"no answer for invoice {number}")
        return {"number": number, "attempt": attempt}
