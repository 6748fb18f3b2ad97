"""A webhook served with our certificate: cainjector gives our root to the API server, which then asks the webhook."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from cryptography import x509

from tests.e2e.objects import SECONDS, Objects
from tests.integration.neighbours import examples
from tests.integration.neighbours.charts import to_this_machine, with_hooks_at
from tests.integration.neighbours.conftest import ISSUING, ROOT
from tests.integration.neighbours.serving import chain, content
from tests.support import pki
from tests.support.cluster.api_server import KubectlFailed
from tests.support.cluster.waiting import wait_until
from tests.support.remote import https
from tests.support.remote.relay import in_background

CERTIFICATE, REGISTRATION = examples.manifests(examples.CAINJECTOR)


async def review(request: web.Request) -> web.Response:
    """Denies what is called unwanted."""
    asked = await request.json()
    allowed = asked["request"]["name"] != "unwanted"
    asked["response"] = {"uid": asked["request"]["uid"], "allowed": allowed, "status": {"message": "it is not wanted"}}
    response = web.json_response(asked)
    response.force_close()  # else the API server keeps the connection, and nobody is left to close it
    return response


@pytest.fixture
def served(tenant: Objects) -> Sequence[pki.Authority]:
    """The example's certificate, and those above it in its Secret."""
    tenant.apply(CERTIFICATE)
    tenant.wait_for_reason("certificate", CERTIFICATE["metadata"]["name"], "Ready")
    return chain(tenant, CERTIFICATE["spec"]["secretName"])


@contextmanager
def registered(tenant: Objects, directory: Path, certificates: Sequence[pki.Authority]) -> Iterator[https.Server]:
    """The example's webhook, served by these certificates at another port than the example's."""
    service = REGISTRATION["webhooks"][0]["clientConfig"]["service"]
    metadata = {"name": service["name"], "namespace": service["namespace"]}
    tenant.apply(to_this_machine({"apiVersion": "v1", "kind": "Service", "metadata": metadata}))
    serving = https.serving(directory, review, certificate=certificates[0], above=certificates[1:])
    with in_background(serving) as server:
        tenant.apply(with_hooks_at(urlsplit(server.url).port or 0, REGISTRATION))
        try:
            yield server
        finally:
            tenant.server.kubectl("delete", REGISTRATION["kind"], REGISTRATION["metadata"]["name"])


def refusal(tenant: Objects, name: str) -> str:
    """What the API server says to a new Service of this name; empty if it takes it."""
    try:
        tenant.server.kubectl(
            "create", "service", "clusterip", name, "--tcp=80", f"--namespace={tenant.namespace}", "--dry-run=server"
        )
    except KubectlFailed as refused:
        return str(refused)
    return ""


def injected(tenant: Objects) -> bytes:
    found: dict[str, Any] = tenant.get(REGISTRATION["kind"], REGISTRATION["metadata"]["name"])
    return base64.b64decode(found["webhooks"][0]["clientConfig"].get("caBundle", ""))


def test_the_api_server_trusts_our_certificate(
    tenant: Objects, served: Sequence[pki.Authority], tmp_path: Path
) -> None:
    assert [each.certificate for each in served[1:]] == [ISSUING.certificate]
    with registered(tenant, tmp_path, served) as server:
        wait_until(lambda: injected(tenant), SECONDS, "cainjector has injected a CA")
        assert injected(tenant) == content(tenant, CERTIFICATE["spec"]["secretName"])["ca.crt"]
        assert x509.load_pem_x509_certificates(injected(tenant)) == [ROOT.certificate]
        wait_until(lambda: "x509" not in refusal(tenant, "unwanted"), SECONDS, "the API server trusts the webhook")
        assert "denied the request: it is not wanted" in refusal(tenant, "unwanted")
        assert refusal(tenant, "wanted") == ""
        assert len(server.seen) >= 2


@pytest.mark.usefixtures("served")
def test_the_api_server_trusts_no_other_certificate_of_that_name(tenant: Objects, tmp_path: Path) -> None:
    [name] = CERTIFICATE["spec"]["dnsNames"]
    with registered(tenant, tmp_path, [https.server_certificate(name)]) as server:
        wait_until(lambda: injected(tenant), SECONDS, "cainjector has injected a CA")
        assert "x509: certificate signed by unknown authority" in refusal(tenant, "wanted")
        assert server.seen == []
