from .embedded import EmbeddedCluster
from .progress import Progress
from .protocol import Cluster


def open_cluster(progress: Progress) -> Cluster:
    return EmbeddedCluster(progress)
