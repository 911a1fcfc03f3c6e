"""`python -m tests.cluster VERB`: the test cluster from the command line."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .binaries import ensure_binaries
from .choose import open_cluster
from .errors import ClusterError
from .progress import Progress
from .protocol import Cluster


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m tests.cluster", description="A real Kubernetes for tests.")
    verbs = root.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="start it; returns when the node is Ready")
    verbs.add_parser("down", help="end it and remove what it left")
    verbs.add_parser("status", help="say whether it runs, and its nodes")
    execute = verbs.add_parser("exec", help="run a program that reaches its API: exec -- kubectl get nodes")
    execute.add_argument("program", nargs="+")
    load = verbs.add_parser("load", help="import an image archive into every node")
    load.add_argument("archive", type=Path)
    verbs.add_parser("node2", help="add a second real node")
    verbs.add_parser("remove-node2", help="switch the second node off and remove it")
    verbs.add_parser("images", help="build the product's images from their Dockerfiles and load them")
    verbs.add_parser("build", help="only build the binaries of the embedded cluster")
    return root


def status(cluster: Cluster) -> None:
    if not cluster.running():
        raise ClusterError(f"the {cluster.name} cluster is not running: start it with `make cluster-up`")
    print(cluster.kubectl("get", "nodes", "--output=wide"), end="")


def execute(cluster: Cluster, program: Sequence[str]) -> None:
    argv = cluster.command(program)
    os.execvp(argv[0], argv)  # noqa: S606  the program takes over this process, signals and terminal included


def perform(arguments: argparse.Namespace, cluster: Cluster, progress: Progress) -> None:
    verbs: dict[str, Callable[[], object]] = {
        "up": cluster.up,
        "down": cluster.down,
        "status": lambda: status(cluster),
        "exec": lambda: execute(cluster, arguments.program),
        "load": lambda: cluster.load(arguments.archive.absolute()),
        "node2": cluster.add_node,
        "remove-node2": cluster.remove_node,
        "images": lambda: print(cluster.provide_images()),
        "build": lambda: print(ensure_binaries(progress)),
    }
    verbs[arguments.verb]()


def main(argv: Sequence[str]) -> int:
    arguments = parser().parse_args(argv)
    progress = Progress()
    try:
        perform(arguments, open_cluster(progress), progress)
    except ClusterError as error:
        print(f"cluster {arguments.verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"cluster {arguments.verb}: interrupted; what it had started is ended", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
