"""TLS servers of this machine that serve what cert-manager has put into a Secret, for pods to mount."""

from __future__ import annotations

import base64

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.e2e.objects import Objects
from tests.support import pki


def chain(objects: Objects, secret: str) -> list[pki.Authority]:
    """What tls.crt holds, in its order; with the key of the first."""
    data = content(objects, secret)
    key = load_pem_private_key(data["tls.key"], password=None)
    return [pki.Authority(each, key) for each in x509.load_pem_x509_certificates(data["tls.crt"])]  # type: ignore[arg-type]


def content(objects: Objects, secret: str) -> dict[str, bytes]:
    data: dict[str, str] = objects.get("secret", secret)["data"]
    return {name: base64.b64decode(value) for name, value in data.items()}
