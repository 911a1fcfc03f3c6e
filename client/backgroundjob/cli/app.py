"""Entry point of `bgjob` and `kubectl bgjob`. Imports nothing heavy before it knows that it is installed."""

import logging
import sys


def main() -> None:
    """Run the command line of this process."""
    try:
        from backgroundjob.cli.commands import app  # noqa: PLC0415  needs the extra `client`
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("backgroundjob"):
            raise
        sys.stderr.write(f"Error: bgjob is not installed completely ({error.name} not found)\n")
        sys.stderr.write("  pip install 'backgroundjob[client]'\n")
        sys.exit(2)
    # What urllib3 tries again is told once, as our own error, when it gives up.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    app()
