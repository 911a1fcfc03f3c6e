"""Signs what it sends, with a key from a Secret: see examples/yaml/06-secret.yaml."""

import hashlib
import hmac

from backgroundjob import current_job


class WebhookJob:
    """Webhook jobs."""

    def notify(self, event: str, signing_key: str) -> dict[str, str]:
        """Pretend to post one event, signed so that its receiver can check where it comes from."""
        # Secrets made from files often end with a newline, and they arrive as they are stored.
        key = signing_key.strip().encode()
        signature = hmac.new(key, event.encode(), hashlib.sha256).hexdigest()
        current_job().log(f"posted {event!r}")
        return {"event": event, "signature": f"sha256={signature}"}
