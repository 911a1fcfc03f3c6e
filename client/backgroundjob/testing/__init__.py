"""For tests of code that submits jobs: a backend in memory that records, runs nothing, and ends jobs as told.

    def test_signup_sends_the_welcome_mail(bgjob_fake) -> None:
        signup("a@example.org")
        bgjob_fake.assert_enqueued(EmailJob.send.using(delay="10m"), to="a@example.org")

Submission has the real rules: parameters pass through JSON, names are made and taken, the same
name with the same spec returns the existing object. The fixtures `bgjob_fake` and `bgjob_local` come with
the distribution; `use_backend(InMemoryBackend())` is the same without pytest.
"""

from backgroundjob.backends import use_backend
from backgroundjob.testing.builders import failed, running, succeeded
from backgroundjob.testing.memory import InMemoryBackend

__all__ = ["InMemoryBackend", "failed", "running", "succeeded", "use_backend"]
