"""`python -m tests.tools [NAME ...]`: build the named tools, or all, and print where they lie."""

import sys
from collections.abc import Sequence

from tests.cluster.errors import ClusterError
from tests.cluster.progress import Progress

from .programs import PROGRAMS, ensure_program


def main(names: Sequence[str]) -> int:
    try:
        for name in names or PROGRAMS:
            print(ensure_program(name, Progress()), flush=True)
    except ClusterError as error:
        print(f"tools: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
