"""An API server for single calls, in memory.

It keeps every request and answers as it is told; nothing leaves the process. All requests carry CANARY as their
token, so that any test can see whether it is shown.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import httpx2
from lightkube import KubeConfig
from lightkube.config.kubeconfig import SingleConfig
from lightkube.config.models import Cluster, User

from adapters.kubernetes import kubeconfig
from adapters.kubernetes.api import Api
from adapters.kubernetes.client import client_on
from adapters.kubernetes.credentials import Authentication, Given
from adapters.kubernetes.schema import SECRETS, Resource, followed
from entrypoints.issuer import NAMES
from tests.support.remote.https import ROOT

CANARY = "canary-f00d-do-not-show"
RESOURCES = {resource.kind: resource for resource in followed(NAMES)} | {"Secret": SECRETS}
ISSUERS, CLUSTER_ISSUERS = RESOURCES[NAMES.issuer], RESOURCES[NAMES.cluster_issuer]
REQUESTS, SIGNING_REQUESTS = RESOURCES["CertificateRequest"], RESOURCES["CertificateSigningRequest"]

Answer = Callable[[httpx2.Request], httpx2.Response | Awaitable[httpx2.Response]]


def config(server: str = "https://api.example.com") -> SingleConfig:
    found = KubeConfig.from_one(cluster=Cluster(server=server, insecure=True), user=User(token=CANARY)).get()
    assert found is not None
    return found


def access(server: str) -> kubeconfig.Config:
    """A kubeconfig's cluster and user; one CA is trusted, for the system's store takes long to read."""
    cluster = kubeconfig.Cluster(server=server, certificate_authority_data=ROOT.pem)
    return kubeconfig.Config(cluster, kubeconfig.User(token=CANARY))


def authentication() -> Authentication:
    return Authentication(Given(f"Bearer {CANARY}"), kubeconfig.User(), lambda certificate: None, lambda status: None)


def nobody(request: httpx2.Request) -> NoReturn:
    """The answer of a server that must not be asked."""
    raise AssertionError(f"{request.method} {request.url} was sent")


class Wire:
    """`api` is what is under test, `asked` what it sent."""

    def __init__(self, answer: Answer = nobody) -> None:
        self.asked: list[httpx2.Request] = []
        self._answer = answer
        self.client = client_on(httpx2.MockTransport(self._handle), "https://api.example.com", authentication())
        self.api = Api(self.client, field_manager="tester")

    @property
    def only(self) -> httpx2.Request:
        (request,) = self.asked
        return request

    async def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self._answer(request)
        return answer if isinstance(answer, httpx2.Response) else await answer


def answering(body: Any = None, status: int = 200) -> Wire:
    """One that always gives this object."""
    return Wire(lambda _: httpx2.Response(status, json={} if body is None else body))


def body_of(request: httpx2.Request) -> Any:
    return json.loads(request.content)


def segments(request: httpx2.Request) -> list[str]:
    """The path as it goes over the wire, cut where a server cuts it."""
    return request.url.raw_path.decode().partition("?")[0].split("/")[1:]


def path_of(resource: Resource, namespace: str, *more: str) -> list[str]:
    """The segments that a URL of this kind has."""
    group = ["apis"] if "/" in resource.api_version else ["api"]
    where = ["namespaces", namespace] if resource.namespaced else []
    return [*group, *resource.api_version.split("/"), *where, resource.main._api_info.plural, *more]
