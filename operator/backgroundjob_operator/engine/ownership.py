"""Whose Job or pod it is. An owner reference alone is anybody's to write."""

from collections.abc import Mapping
from typing import Any

from backgroundjob.api import labels

Document = Mapping[str, Any]


def controller_uid(document: Document, kind: str) -> str | None:
    """Uid of the controlling owner of that kind, or None."""
    for reference in document["metadata"].get("ownerReferences", ()):
        if reference.get("controller") and reference.get("kind") == kind:
            return str(reference["uid"])
    return None


def background_job_uid(job: Document) -> str | None:
    """Uid of the BackgroundJob that a Job belongs to; None unless owner reference and label agree.

    Admission lets only the operator set the label. Without it the pods would not be seen either.
    """
    uid = controller_uid(job, labels.KIND)
    return uid if uid == job["metadata"].get("labels", {}).get(labels.UID_LABEL) else None
