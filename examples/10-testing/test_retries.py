"""Third: what happens when it fails? `bgjob_local` runs jobs by the real rules, on a clock of the test."""

from email.message import EmailMessage

from mail_jobs import EmailJob
from sign_up import sign_up

from backgroundjob_operator.local.inline import InlineBackend


class Server:
    """A mail server that is busy at first."""

    def __init__(self, busy: int = 0) -> None:
        self.busy = busy
        self.sent: list[str] = []

    def deliver(self, message: EmailMessage) -> None:
        """Take a message, or not."""
        if self.busy:
            self.busy -= 1
            raise ConnectionRefusedError("try again")
        self.sent.append(message["To"])


def test_a_busy_server_is_asked_again_within_the_hour(bgjob_local: InlineBackend) -> None:
    server = Server(busy=2)
    bgjob_local.provide(EmailJob, EmailJob(server.deliver))
    handle = EmailJob.send.later("a@example.org", "Hello")

    bgjob_local.advance("1s")
    assert handle.refresh().state == "Retrying"

    bgjob_local.advance("1h")
    assert handle.refresh().result == "a@example.org"
    assert handle.refresh().attempts == 3


def test_the_question_comes_after_a_week(bgjob_local: InlineBackend) -> None:
    server = Server()
    bgjob_local.provide(EmailJob, EmailJob(server.deliver))
    sign_up("a@example.org")

    bgjob_local.advance("6d")
    assert len(server.sent) == 1

    bgjob_local.run_until_idle()
    assert len(server.sent) == 2
