"""A parameter whose value comes from a Secret: who submits names it, and never sees it."""

import hashlib
import hmac

from backgroundjob import JobClass, Secret, current_job, job


class SignedWebhookJob(JobClass):
    """Posts events, signed."""

    @job(loggable=["event"])
    def notify(self, event: str, key: Secret = Secret.ref("webhook/signing-key")) -> str:
        """Pretend to post one event; return its signature."""
        signature = hmac.new(key.encode(), event.encode(), hashlib.sha256).hexdigest()
        current_job().log(f"posted {event!r}")
        return signature[:12]

    @job(retries=0)
    def leak(self, key: Secret = Secret.ref("webhook/signing-key")) -> None:
        """Do what one should not: the runner hides the value in all that it writes."""
        raise ValueError(f"cannot use the key {key}")
