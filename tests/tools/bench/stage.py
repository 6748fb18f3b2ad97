"""Where it is measured: an API server with everything installed, and for each run a namespace of its own.

The manager has the rights of deploy/rbac and nothing else; the peer is an administrator, so that no missing
right can hold it up. What a run leaves is removed before the next one begins, but for its Events, which nobody reads.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from domain.model import POD_CERTIFICATE_REQUEST
from entrypoints.issuer import NAMES, NAMESPACE
from tests.support import pki
from tests.support.cluster.api_server import ApiServer
from tests.support.deployed import install
from tests.tools.bench.client import EVENTS, POD_REQUESTS, REQUESTS, Client, base64_text

_PEER_ACCOUNT = "peer"
_ISSUERS = f"/apis/{NAMES.group}/{NAMES.version}/namespaces/{{}}/{NAMES.issuers}"
_CLUSTER_ISSUERS = f"/apis/{NAMES.group}/{NAMES.version}/{NAMES.cluster_issuers}"
_SECRETS = "/api/v1/namespaces/{}/secrets"


@dataclass(frozen=True, slots=True)
class Place:
    """A namespace with so many issuers, each with a Secret of its own: a P-256 CA, as the peer has one in memory.

    With cluster issuers and their Secrets in place of these where requests are of pods.
    """

    namespace: str
    issuers: tuple[str, ...]
    of_pods: bool

    @property
    def requests_path(self) -> str:
        return (POD_REQUESTS if self.of_pods else REQUESTS).format(self.namespace)

    @property
    def issuers_path(self) -> str:
        return _CLUSTER_ISSUERS if self.of_pods else _ISSUERS.format(self.namespace)

    @property
    def secrets_path(self) -> str:
        return _SECRETS.format(NAMESPACE if self.of_pods else self.namespace)

    @property
    def events_path(self) -> str:
        return EVENTS.format(self.namespace)


@dataclass(frozen=True)
class Stage:
    """`manager` and `peer` are kubeconfigs."""

    client: Client
    manager: Path
    peer: Path
    _numbers: count[int] = field(default_factory=lambda: count(1))

    async def place(self, issuers: int, kind: str) -> Place:
        namespace = f"bench-{next(self._numbers)}"
        await self.client.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        names = tuple(f"{namespace}-issuer-{number}" for number in range(issuers))
        place = Place(namespace, names, kind == POD_CERTIFICATE_REQUEST)
        authority = pki.authority()
        data = {"tls.crt": base64_text(authority.pem), "tls.key": base64_text(authority.key_pem)}
        for name in place.issuers:
            await self.client.create(place.secrets_path, {"metadata": {"name": name}, "data": data})
            await self.client.create(place.issuers_path, _issuer(name, place.of_pods))
        return place

    async def clear(self, place: Place) -> None:
        await self.client.remove_all(place.requests_path)
        for path in (place.issuers_path, place.secrets_path):
            for name in place.issuers:
                await self.client.remove(path, name)


def prepare(server: ApiServer, client: Client) -> Stage:
    manager = install(server).manager
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": _PEER_ACCOUNT, "namespace": NAMESPACE},
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "bench-peer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": _PEER_ACCOUNT, "namespace": NAMESPACE}],
    }
    objects = {"apiVersion": "v1", "kind": "List", "items": [account, binding]}
    server.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(objects))
    return Stage(client, manager, server.kubeconfig_for(NAMESPACE, _PEER_ACCOUNT))


def _issuer(name: str, of_pods: bool) -> dict[str, object]:
    """`signer` means nothing to the peer."""
    pods = {"pods": {"trustDomain": "example.com", "serviceAccounts": ["*/*"]}} if of_pods else {}
    return {
        "apiVersion": f"{NAMES.group}/{NAMES.version}",
        "kind": NAMES.cluster_issuer if of_pods else NAMES.issuer,
        "metadata": {"name": name},
        "spec": {"url": "https://ca.example.com", "authSecretName": name, "ca": {}, **pods},
    }
