"""The rows as objects of a cluster."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from entrypoints.issuer import NAMES
from tests.e2e.objects import Objects
from tests.e2e.shapes.shape import Row
from tests.support import pki

LABEL = "shapes"
"""By it all CertificateSigningRequests of the table are found, for they have no namespace."""
_HOST = {"dns": ["app.example.com"]}
"""What a row is for that names nobody."""


def certificate(objects: Objects, row: Row) -> dict[str, Any]:
    return objects.certificate(row.name, row.issuer, **{"dnsNames": _HOST["dns"], **row.spec})


def request(objects: Objects, row: Row) -> dict[str, Any]:
    return objects.request(row.name, _csr(row), row.issuer, **row.spec)


def signing_request(row: Row) -> dict[str, Any]:
    signer = f"{NAMES.cluster_issuers}.{NAMES.group}/{row.issuer}"
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": row.name, "labels": {LABEL: "true"}, "annotations": dict(row.annotations)},
        "spec": {"request": base64.b64encode(_csr(row)).decode(), "signerName": signer, **row.spec},
    }


def approve(objects: Objects, names: Sequence[str]) -> None:
    """In small groups: kubectl approves the first five at once, then two or three a second."""
    for begin in range(0, len(names), 5):
        objects.server.kubectl("certificate", "approve", *names[begin : begin + 5])


def _csr(row: Row) -> bytes:
    making = {**_HOST, **row.csr}
    return pki.csr(pki.key(making.pop("key", "p256")), **making)
