"""Asks a real API server whether it would let a Deployment's pods into a namespace: its Pod Security admission.

The pod is asked for itself, because a Deployment is accepted whatever its pods are, which then never come to be.
"""

import json

from tests.integration.deploy.manifests import Manifest
from tests.support.cluster.api_server import ApiServer


def admitted(cluster: ApiServer, namespace: str, deployment: Manifest) -> str:
    """The API server's answer. Raises KubectlFailed where it refuses, with its words."""
    template = deployment["spec"]["template"]
    metadata = template["metadata"] | {"name": "admitted", "namespace": namespace}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    return cluster.kubectl("create", "--dry-run=server", "--filename=-", stdin=json.dumps(pod))
