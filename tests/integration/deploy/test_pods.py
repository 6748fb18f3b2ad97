"""The pods pass the restricted Pod Security level, as the real API server enforces it in the controller's namespace.

That a weakened pod is refused there shows that the level is enforced.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from entrypoints.issuer import NAMESPACE
from tests.integration.deploy.manifests import the_only
from tests.integration.deploy.pods import admitted
from tests.support.cluster.api_server import KubectlFailed
from tests.support.deployed import SERVICE_ACCOUNT, Deployed

DEPLOYMENT = the_only("manager", "Deployment")
DEPLOYMENT["spec"]["template"]["spec"]["serviceAccountName"] = SERVICE_ACCOUNT

Spec = dict[str, Any]


def _container(spec: Spec) -> Spec:
    (container,) = spec["containers"]
    security: Spec = container["securityContext"]
    return security


def test_the_pods_are_restricted(deployed: Deployed) -> None:
    assert "pod/admitted created" in admitted(deployed.server, NAMESPACE, DEPLOYMENT)


@pytest.mark.parametrize(
    ("weaken", "words"),
    [
        (lambda spec: spec["securityContext"].pop("runAsNonRoot"), "runAsNonRoot != true"),
        (lambda spec: spec["securityContext"].pop("seccompProfile"), "seccompProfile"),
        (lambda spec: spec["securityContext"].update(runAsUser=0), "runAsUser=0"),
        (lambda spec: spec.update(hostNetwork=True), "host namespaces"),
        (lambda spec: spec.update(volumes=[{"name": "node", "hostPath": {"path": "/"}}]), "hostPath"),
        (lambda spec: _container(spec).pop("allowPrivilegeEscalation"), "allowPrivilegeEscalation != false"),
        (lambda spec: _container(spec).pop("capabilities"), "unrestricted capabilities"),
        (lambda spec: _container(spec).update(capabilities={"add": ["NET_ADMIN"]}), "unrestricted capabilities"),
        (lambda spec: _container(spec).update(privileged=True, allowPrivilegeEscalation=True), "privileged"),
    ],
    ids=[
        "root",
        "no seccomp",
        "user 0",
        "host network",
        "host path",
        "escalation",
        "capabilities kept",
        "capability added",
        "privileged",
    ],
)
def test_a_weakened_pod_is_refused(deployed: Deployed, weaken: Callable[[Spec], object], words: str) -> None:
    weakened = copy.deepcopy(DEPLOYMENT)
    weaken(weakened["spec"]["template"]["spec"])

    with pytest.raises(KubectlFailed) as refusal:
        admitted(deployed.server, NAMESPACE, weakened)
    assert 'violates PodSecurity "restricted:latest"' in str(refusal.value)
    assert words in str(refusal.value)
