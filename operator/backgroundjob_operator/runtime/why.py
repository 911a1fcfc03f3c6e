"""The JSON document of the read endpoint /why. docs/cli.md describes its fields."""

from collections.abc import Mapping
from datetime import datetime

from backgroundjob_operator.engine.record import format_time
from backgroundjob_operator.engine.why import Why


def why_document(answer: Why, now: datetime) -> Mapping[str, object]:
    """What `bgjob why` reads. Numbers are null where nothing waits or nothing is known."""
    wait, estimate = answer.wait, answer.estimate
    return {
        "state": answer.state,
        "reason": answer.reason,
        "message": answer.message,
        "sentence": answer.sentence,
        "ahead": len(wait.ahead) if wait is not None else None,
        "limitedBy": wait.hold.group if wait is not None else None,
        "limit": wait.hold.limit if wait is not None else None,
        "estimateSeconds": estimate.seconds if estimate is not None else None,
        "basisRuns": estimate.runs if estimate is not None else 0,
        "observedTime": format_time(now),
    }
