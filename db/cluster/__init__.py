"""PostgreSQL servers of our own: a primary and a streaming replica that look after themselves."""

from db.cluster.binaries import Binaries
from db.cluster.embedded import EmbeddedCluster
from db.cluster.errors import AlreadyRunningError, ClusterError, NotInstalledError, NotRunningError, PortInUseError
from db.cluster.installation import Progress
from db.cluster.server import Server

__all__ = [
    "AlreadyRunningError",
    "Binaries",
    "ClusterError",
    "EmbeddedCluster",
    "NotInstalledError",
    "NotRunningError",
    "PortInUseError",
    "Progress",
    "Server",
]
