"""Second: does the method do its work? It is a method: a test calls it."""

from email.message import EmailMessage

from mail_jobs import EmailJob


def test_the_text_is_sent() -> None:
    sent: list[EmailMessage] = []
    EmailJob(deliver=sent.append).send("a@example.org", "Hello")
    assert [(one["To"], one.get_content()) for one in sent] == [("a@example.org", "Hello\n")]
