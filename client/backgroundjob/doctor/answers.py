"""What the API server answered to a read: a document, or why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backgroundjob.doctor.check import Check, not_checked


@dataclass(frozen=True, slots=True)
class Unread:
    """An answer of 400 or above."""

    http_status: int
    message: str = ""

    @property
    def is_forbidden(self) -> bool:
        """Whether this user may not read it."""
        return self.http_status in {401, 403}


Answer = Mapping[str, Any] | Unread


def judged(
    name: str, what: str, answer: Answer, absent: Check, judge: Callable[[Mapping[str, Any]], Check]
) -> Check:
    """The verdict on the document; `absent` when there is none; what is missing when it cannot be read."""
    if not isinstance(answer, Unread):
        return judge(answer)
    if answer.http_status == 404:
        return absent
    return unread(name, what, answer)


def unread(name: str, what: str, answer: Unread) -> Check:
    """Nothing is known of it: this user may not, or the server did not."""
    if answer.is_forbidden:
        return not_checked(name, f"may not get {what}")
    return not_checked(
        name, f"{what}: the API server answered {answer.http_status} {answer.message}".rstrip()
    )
