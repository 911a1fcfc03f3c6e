"""What can be said about Secrets without reading one.

The operator may read neither Secrets nor Events. A pod whose Secret or key is missing stays at
ContainerCreating, and only the kubelet's FailedMount Event tells why; but paramsFrom says what to check.
"""

from dataclasses import replace
from typing import Final

from backgroundjob.api.reasons import Cause
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob_operator.engine.observation_pod import PLACEHOLDER_REASONS
from backgroundjob_operator.engine.outcome_verdict import Verdict
from backgroundjob_operator.engine.outcome_wait import Undecided

_LISTED_CHARACTERS: Final = 150
"""What an attempt's message of 256 characters has room for. The first source is named in full anyway:
the status has 1,024."""


def missing_secret_hint(spec: BackgroundJobSpec | None, waiting_reason: str | None) -> str | None:
    """What to check when an attempt does not start; None when its Secrets cannot be what keeps it.

    To be asked for a start that is slow already: every start shows ContainerCreating for a moment, and
    so does a long image pull, therefore the sentence names both.
    """
    if spec is None or not spec.params_from or waiting_reason not in PLACEHOLDER_REASONS:
        return None
    return f"it waits for its volumes, or for its image: check that there is {_sought(spec)}"


def with_secret_hint(answer: Verdict | Undecided, spec: BackgroundJobSpec | None) -> Verdict | Undecided:
    """The classifier's answer; of a start that Secrets may keep from happening it says which."""
    hint = missing_secret_hint(spec, answer.waiting_reason)
    if hint is None:
        return answer
    if isinstance(answer, Undecided):
        return answer if answer.started or answer.stopping else replace(answer, message=hint)
    if answer.cause is not Cause.START_FAILED or not answer.never_started:
        return answer
    return replace(answer, message=f"it never started: {hint}")


def _sought(spec: BackgroundJobSpec) -> str:
    sources = (one.secret_key_ref for one in spec.params_from)
    # Two params may share a source; the order is that of the object.
    found = list(dict.fromkeys(f"key {source.key} of Secret {source.name}" for source in sources))
    shown = [found.pop(0)]
    while found and sum(map(len, shown)) + len(found[0]) <= _LISTED_CHARACTERS:
        shown.append(found.pop(0))
    return ", ".join(shown) + (f" and {len(found)} more" if found else "")
