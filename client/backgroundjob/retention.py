"""How long the pods of ended attempts stay, as far as a client can know."""

import yaml

from backgroundjob.api.config import Times
from backgroundjob.api.explain import UNREADABLE
from backgroundjob.stored_settings import StoredSettings


def kept_seconds(stored: StoredSettings) -> tuple[int, int]:
    """After a success, and after any other end. The contract's defaults where nothing can be read."""
    try:
        times = Times.model_validate(yaml.safe_load((stored.config or {}).get("times", "")) or {})
    except UNREADABLE:
        times = Times()
    return times.keep_succeeded_jobs_seconds, times.keep_failed_jobs_seconds
