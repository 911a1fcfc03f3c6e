"""Parts found by name through entry points, so that this library never imports the operator."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from backgroundjob.errors import NotInstalled

BACKENDS: Final = "backgroundjob.backends"
COMMANDS: Final = "backgroundjob.commands"

_OWN_EXTRAS: Final = {"backgroundjob_operator.local": "local", "backgroundjob.": "client"}
"""Module prefix -> the extra of our own distribution that the module needs."""


def installed(group: str) -> Mapping[str, EntryPoint]:
    """Entry points of the group by name; the first of a name wins."""
    found: dict[str, EntryPoint] = {}
    for entry_point in entry_points(group=group):
        found.setdefault(entry_point.name, entry_point)
    return found


def load(group: str, name: str, what: str) -> Any:
    """The object behind an entry point. Raises NotInstalled, which names what to install.

    `what` is how the message calls it, such as `the backend 'local'`.
    """
    entry_point = installed(group).get(name)
    if entry_point is None:
        known = ", ".join(sorted(installed(group))) or "none"
        raise NotInstalled(what, f"the installed ones are {known}")
    try:
        return entry_point.load()
    except (ModuleNotFoundError, AttributeError) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else entry_point.value
        raise NotInstalled(what, f"{missing} cannot be found", requirement_of(entry_point)) from error


def requirement_of(entry_point: EntryPoint) -> str:
    """What to install for it: an extra of ours, or the distribution that offers it with its extras."""
    for prefix, extra in _OWN_EXTRAS.items():
        if entry_point.module.startswith(prefix):
            return f"backgroundjob[{extra}]"
    distribution = entry_point.dist.name if entry_point.dist else "backgroundjob"
    extras = ",".join(entry_point.extras)
    return f"{distribution}[{extras}]" if extras else distribution
