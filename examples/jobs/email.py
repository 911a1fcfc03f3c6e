"""Sends an e-mail, or fails at random: what retries are for."""

import random

from backgroundjob import current_job


class SmtpBusyError(ConnectionError):
    """The mail server asked to come back later."""


class EmailJob:
    """E-mail jobs."""

    def send(self, to: str, subject: str = "Hello", failure_percent: int = 0) -> dict[str, str]:
        """Pretend to send one e-mail; fail in about `failure_percent` of all calls."""
        if random.uniform(0, 100) < failure_percent:  # noqa: S311  bad luck needs no cryptography
            raise SmtpBusyError(f"the mail server is busy, {subject!r} was not sent")
        current_job().log(f"sent {subject!r}")
        return {"to": to, "subject": subject}
