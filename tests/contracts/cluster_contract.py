"""The contract of the port Cluster.

Every adapter runs the same suite; what it says was first true of a Kubernetes API server. Nothing here knows an
adapter: `driver` (tests/contracts/cluster_driver.py) does what other people and controllers do.
"""

from tests.contracts.cluster_pods import PodRequests
from tests.contracts.cluster_watching import Watching
from tests.contracts.cluster_writing import Writing


class ClusterContract(Watching, Writing, PodRequests):
    """Inherit, and give a fixture `driver`."""
