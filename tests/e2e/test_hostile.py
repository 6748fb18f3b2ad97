"""Objects that tenants make to stop the manager: they cost at most themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entrypoints.settings import NAMES
from tests import pki
from tests.deployed import Deployed
from tests.e2e.conftest import Manager
from tests.e2e.objects import Objects

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
    assert manager.probe("/healthz") == 200


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
