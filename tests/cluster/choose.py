"""Which cluster the environment asks for."""

import os
from collections.abc import Mapping

from . import kind
from .commands import Runner, run
from .config_text import CONTEXT
from .current import CurrentCluster
from .embedded import EmbeddedCluster
from .errors import ClusterError
from .progress import Progress
from .protocol import Cluster


def open_cluster(
    progress: Progress,
    environment: Mapping[str, str] = os.environ,
    runner: Runner = run,
) -> Cluster:
    """The cluster of BACKGROUNDJOB_CLUSTER, default embedded. Starts nothing.

    Raises ClusterError for an unknown name, and for a context that this kind of cluster did not make.
    """
    chosen = environment.get("BACKGROUNDJOB_CLUSTER") or "embedded"
    context = environment.get("BACKGROUNDJOB_CONTEXT", "")
    match chosen:
        case "embedded":
            _refuse_foreign(chosen, context, CONTEXT)
            return EmbeddedCluster(progress)
        case "kind":
            _refuse_foreign(chosen, context, kind.CONTEXT)
            return kind.KindCluster(progress, runner=runner)
        case "current":
            return CurrentCluster(progress, environment, runner=runner)
        case _:
            raise ClusterError(
                f"BACKGROUNDJOB_CLUSTER is {chosen!r}; accepted are embedded, kind and current"
            )


def _refuse_foreign(chosen: str, context: str, own: str) -> None:
    if context not in ("", own):
        raise ClusterError(
            f"BACKGROUNDJOB_CONTEXT is {context!r}, and BACKGROUNDJOB_CLUSTER={chosen} uses only its own "
            f"{own!r}: unset it, or set BACKGROUNDJOB_CLUSTER=current to use that cluster"
        )
