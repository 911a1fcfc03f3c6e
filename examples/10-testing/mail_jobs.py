"""A job that needs something to work with: what makes it can be replaced in a test."""

import smtplib
from collections.abc import Callable
from email.message import EmailMessage

from backgroundjob import JobClass, job


def deliver(message: EmailMessage) -> None:
    """Hand a message to the mail server."""
    with smtplib.SMTP("mail") as server:
        server.send_message(message)


class EmailJob(JobClass):
    """E-mail."""

    def __init__(self, deliver: Callable[[EmailMessage], None] = deliver) -> None:
        """Where it runs in the background, it is made without arguments."""
        self._deliver = deliver

    @job(retries=3, retry_delay="10m", retry_on=[OSError])
    def send(self, to: str, text: str) -> str:
        """Send one e-mail."""
        message = EmailMessage()
        message["To"] = to
        message.set_content(text)
        self._deliver(message)
        return to
