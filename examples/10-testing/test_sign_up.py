"""First: is the right job submitted? `bgjob_fake` records, and runs nothing."""

import pytest
from mail_jobs import EmailJob
from sign_up import sign_up

from backgroundjob.testing import InMemoryBackend


def test_who_signs_up_is_welcomed_and_asked_after_a_week(bgjob_fake: InMemoryBackend) -> None:
    sign_up("a@example.org")
    bgjob_fake.assert_enqueued(EmailJob.send, to="a@example.org", text="Welcome!")
    bgjob_fake.assert_enqueued(EmailJob.send.using(delay="7d"), to="a@example.org")


def test_who_has_no_address_is_sent_nothing(bgjob_fake: InMemoryBackend) -> None:
    with pytest.raises(ValueError, match="no e-mail address"):
        sign_up("ada")
    bgjob_fake.assert_nothing_enqueued()
