"""The allow-list of a backend, for commands that cannot do without it."""

from collections.abc import Mapping

import typer

from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP
from backgroundjob.backends import Backend
from backgroundjob.cli.exit_codes import ExitCode
from backgroundjob.cli.output import print_error


def stored_texts(backend: Backend) -> Mapping[str, str]:
    """The entries as they are stored, by key. Raises Exit when they cannot be read, and says why."""
    stored = backend.settings()
    if stored.allow_list is not None:
        return stored.allow_list
    about = [sentence for sentence in stored.missing if ALLOW_LIST_CONFIG_MAP in sentence] or stored.missing
    sentence, _, step = (about[0] if about else "it is nowhere to be found").rpartition(": ")
    print_error(f"the allow-list cannot be read: {sentence or step}", step if sentence else "")
    raise typer.Exit(ExitCode.UNAVAILABLE)
