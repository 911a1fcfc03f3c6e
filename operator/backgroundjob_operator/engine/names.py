"""Names of created objects, computed, so that creating twice is harmless."""

import hashlib
from typing import Final

DNS_LABEL_LIMIT: Final = 63
UID_HASH_DIGITS: Final = 8


def job_name(name: str, uid: str, attempt: int) -> str:
    """`nightly-3f2a9c01-2`: readable, unique per object and attempt, at most 63 characters.

    The hash is of the uid: an object deleted and created again under its name never meets old Jobs.
    """
    suffix = f"-{hashlib.sha256(uid.encode()).hexdigest()[:UID_HASH_DIGITS]}-{attempt}"
    return name[: DNS_LABEL_LIMIT - len(suffix)].rstrip("-.") + suffix


def event_name(name: str, uid: str, identity: str) -> str:
    """The same transition of the same object has the same Event: told once, also after a restart."""
    digest = hashlib.sha256(f"{uid}/{identity}".encode()).hexdigest()[:16]
    return f"{name}.{digest}"
