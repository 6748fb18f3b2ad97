"""Objects that tenants make to stop the manager: they cost at most themselves."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.conftest import Manager
from tests.e2e.objects import SECONDS, Objects, cluster_issuer, signing_request
from tests.support import pki
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed

DEEP = '{"f:a":' * 9_900 + "{}" + "}" * 9_900
"""About as deep as the API server lets managedFields be."""


@pytest.fixture
def objects(deployed: Deployed, namespace: str) -> Objects:
    return Objects(deployed.server, namespace)


def test_deeply_nested_objects_hold_up_nobody(manager: Manager, objects: Objects) -> None:
    create_deep(objects, "/api/v1", "secrets", objects.secret("deep"))
    request = objects.request("deep", pki.csr(dns=["deep.example.com"]))
    create_deep(objects, "/apis/cert-manager.io/v1", "certificaterequests", request)
    objects.apply(objects.secret(), objects.issuer(), objects.request("plain", pki.csr()))

    objects.wait_for_reason(NAMES.issuer, "issuer", "Checked")
    objects.wait_for_reason("certificaterequest", "plain", "Issued")
    objects.wait_for_reason("certificaterequest", "deep", "Issued")
    objects.wait_for_event("CertificateRequest", "deep", "Issued")  # though no answer to a write could be read
    assert manager.probe("/healthz") == 200


@pytest.mark.usefixtures("manager")
@pytest.mark.parametrize("odd", ["\x85", "\u2028", "\r\n", "\x7f"], ids=ascii)
def test_a_csr_with_a_control_character_in_its_name_is_signed(objects: Objects, odd: str) -> None:
    issuer = objects.namespace
    secret = objects.secret(issuer)
    secret["metadata"]["namespace"] = NAMESPACE
    objects.apply(secret, cluster_issuer(issuer, issuer))
    name = f"{objects.namespace}-a{odd}b"
    group = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    body = json.dumps(signing_request(name, pki.csr(), issuer))
    objects.server.kubectl("create", "--raw", group, "--filename=-", stdin=body)
    objects.server.kubectl("certificate", "approve", name)

    def is_issued() -> bool:
        told = json.loads(objects.server.kubectl("get", "--raw", f"{group}/{quote(name, safe='')}"))
        return "certificate" in told["status"]

    wait_until(is_issued, SECONDS, f"{name!r} holds its certificate")
    objects.wait_for_event("CertificateSigningRequest", name, "Issued")


def create_deep(objects: Objects, group: str, plural: str, manifest: dict[str, Any]) -> None:
    """As it is, past kubectl's own reading; the API server keeps its fields as they are sent."""
    fields = {
        "manager": "tenant",
        "operation": "Update",
        "apiVersion": manifest["apiVersion"],
        "fieldsType": "FieldsV1",
    }
    manifest["metadata"]["managedFields"] = [fields | {"time": "2030-01-02T03:04:05Z", "fieldsV1": "deep"}]
    body = json.dumps(manifest).replace('"deep"}]', DEEP + "}]")
    path = f"{group}/namespaces/{objects.namespace}/{plural}"
    objects.server.kubectl("create", "--raw", path, "--filename=-", stdin=body)
    listed = objects.server.kubectl("get", "--raw", path)
    assert listed.count('"f:a":') > 9_000, "the API server has not kept what makes it deep"
