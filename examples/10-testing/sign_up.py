"""Code that submits jobs."""

from mail_jobs import EmailJob


def sign_up(address: str) -> None:
    """Welcome somebody, and ask after a week."""
    if "@" not in address:
        raise ValueError("this is no e-mail address")
    EmailJob.send.later(address, "Welcome!")
    EmailJob.send.using(delay="7d").later(address, "How do you like it?")
