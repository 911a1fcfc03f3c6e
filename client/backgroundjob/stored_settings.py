"""The administrator's settings as they are stored: what a client may read of them, and what it may not."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSettings:
    """Texts of the two ConfigMaps, by key. None: it could not be read."""

    allow_list: Mapping[str, str] | None = None
    config: Mapping[str, str] | None = None
    missing: tuple[str, ...] = ()
    """One sentence for each of the two that could not be read: why, and what would help."""
